import { describe, expect, it } from 'vitest'
import { gap, Lanes, left, speed, top, type Placed, type Stage } from './layout'

const stage: Stage = { width: 1000, lanes: 4, crossMs: 8000, holdMs: 4000, cap: 100 }
const scroll = (id: string, atMs: number, width = 200, keep = false) => ({ id, kind: 'scroll' as const, atMs, width, keep })

/** True when two scrolling lines of one lane ever come closer than a pixel. */
function collide(a: Placed, b: Placed): boolean {
  for (let t = Math.max(a.atMs, b.atMs); t < Math.min(a.endMs, b.endMs); t += 5) {
    const la = left(stage, a, t)
    const lb = left(stage, b, t)
    if (la < lb + b.width && lb < la + a.width) return true
  }
  return false
}

describe('scrolling lines', () => {
  it('enter at the right edge and leave at the left edge', () => {
    const line = new Lanes(stage).place(scroll('a', 1000)) as Placed
    expect(left(stage, line, 1000)).toBe(1000)
    expect(left(stage, line, 9000)).toBeCloseTo(-200)
    expect(line.endMs).toBe(9000)
  })

  it('share a lane once the one before has entered', () => {
    const lanes = new Lanes(stage)
    const a = lanes.place(scroll('a', 0)) as Placed
    const entered = (a.width + gap) / speed(stage, a.width)
    expect(lanes.place(scroll('b', entered - 1))?.lane).toBe(1)
    expect(lanes.place(scroll('c', entered + 1))?.lane).toBe(0)
  })

  it('never touch, whatever their lengths and times', () => {
    let seed = 7
    const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
    for (let round = 0; round < 20; round++) {
      const lanes = new Lanes(stage)
      const placed: Placed[] = []
      let at = 0
      for (let i = 0; i < 120; i++) {
        at += random() * 400
        const line = lanes.place(scroll(String(i), at, 30 + random() * 900))
        if (line) placed.push(line)
      }
      for (const [i, a] of placed.entries()) {
        for (const b of placed.slice(i + 1)) if (a.lane === b.lane) expect(collide(a, b)).toBe(false)
      }
      expect(placed.length).toBeGreaterThan(20)
    }
  })

  it('are dropped when the picture is full, except the own one', () => {
    const lanes = new Lanes({ ...stage, lanes: 1 })
    lanes.place(scroll('a', 0))
    expect(lanes.place(scroll('b', 1))).toBeNull()
    expect(lanes.place(scroll('mine', 1, 200, true))?.lane).toBe(0)
  })

  it('obey the cap', () => {
    const lanes = new Lanes({ ...stage, lanes: 50, cap: 5 })
    for (let i = 0; i < 9; i++) lanes.place(scroll(String(i), i))
    expect(lanes.count).toBe(5)
    expect(lanes.place(scroll('later', 9000))).not.toBeNull()
  })

  it('need a lane', () => {
    expect(new Lanes({ ...stage, lanes: 0 }).place(scroll('a', 0, 10, true))).toBeNull()
  })
})

describe('fixed lines', () => {
  const fixed = (kind: 'top' | 'bottom', atMs: number, width = 100) => ({ id: `${kind}${atMs}`, kind, atMs, width })

  it('fill lanes from the top or from below, hold, and free them', () => {
    const lanes = new Lanes(stage)
    expect(lanes.place(fixed('top', 0))?.lane).toBe(0)
    expect(lanes.place(fixed('bottom', 1))?.lane).toBe(3)
    expect(lanes.place(fixed('top', 2))?.lane).toBe(1)
    expect(lanes.place(fixed('top', 3))?.lane).toBe(2)
    expect(lanes.place(fixed('bottom', 4))).toBeNull()
    expect(lanes.place(fixed('top', 4000))?.lane).toBe(0)
  })

  it('share no lane with scrolling ones', () => {
    const lanes = new Lanes(stage)
    lanes.place(scroll('a', 0))
    expect(lanes.place(fixed('top', 10))?.lane).toBe(1)
    expect(lanes.place(scroll('b', 20))?.lane).toBe(2)
    expect(lanes.place(scroll('c', 4010))?.lane).toBe(0)
  })

  it('are centred', () => {
    const line = new Lanes(stage).place(fixed('bottom', 0)) as Placed
    expect(left(stage, line, 500)).toBe(450)
    expect(top(2, 30)).toBe(60)
  })
})
