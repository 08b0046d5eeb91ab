import { describe, expect, test } from 'vitest'
import { Clock } from './clock'
import { percentile } from './sim/world'
import { random } from './sim/random'

interface Net { up: number; down: number; jitter: number; drift?: number }

const offset = 1_763_000_000_000

/** Runs a clock over a connection and returns its error in ms at each answer after the first eight. */
function errors(net: Net, seed: number, untilMs: number, sleepAt = Infinity): { t: number; e: number }[] {
  const rnd = random(seed)
  const clock = new Clock()
  const out: { t: number; e: number }[] = []
  const drift = 1 + (net.drift ?? 0) / 1e6
  let slept = 0
  const server = (page: number) => offset + page * drift + slept
  let free = 0
  for (let now = 0; now < untilMs; ) {
    const t0 = Math.max(clock.nextPingMs(now), now)
    if (t0 > sleepAt && slept === 0) {
      slept = 3_600_000 // an hour in which the page's clock stood still
      clock.restart()
    }
    clock.pingSent(t0)
    const arrived = t0 + net.up + rnd() * net.jitter
    const t3 = Math.max(free, arrived + net.down + rnd() * net.jitter)
    free = t3
    const t1 = server(arrived)
    clock.add({ t0, t1, t2: t1, t3 })
    if (clock.ready) out.push({ t: t3, e: clock.server(t3) - server(t3) })
    now = t0 + 1
  }
  return out
}

describe('clock', () => {
  test('is ready after eight answers, not before', () => {
    const c = new Clock()
    for (let i = 0; i < 7; i++) c.add({ t0: i, t1: i, t2: i, t3: i + 1 })
    expect(c.ready).toBe(false)
    c.add({ t0: 9, t1: 9, t2: 9, t3: 10 })
    expect(c.ready).toBe(true)
    c.restart()
    expect(c.ready).toBe(false)
  })

  test('asks often at first, then rarely', () => {
    const c = new Clock()
    const gaps: number[] = []
    for (let now = 0, last = 0; now < 40_000; now++) {
      if (now < c.nextPingMs(now)) continue
      c.pingSent(now)
      c.add({ t0: now, t1: now, t2: now, t3: now + 1 })
      gaps.push(now - last)
      last = now
    }
    expect(gaps.slice(1, 8).every((g) => g === 30)).toBe(true)
    expect(gaps.slice(8, 20).every((g) => g === 60)).toBe(true)
    expect(gaps[25]).toBe(500)
    expect(gaps.at(-1)).toBe(1000)
  })

  const cases: [string, Net, number, number][] = [
    ['local network', { up: 0.5, down: 0.5, jitter: 0.5 }, 0.5, 0.5],
    ['100 ms and 30 ms of jitter', { up: 50, down: 50, jitter: 30 }, 8, 3],
    ['250 ms and 120 ms of jitter', { up: 125, down: 125, jitter: 120 }, 25, 8],
    ['drifting crystals', { up: 50, down: 50, jitter: 30, drift: 60 }, 8, 4],
    ['60 ms of asymmetry', { up: 80, down: 20, jitter: 5 }, 33, 32],
  ]
  test.each(cases)('%s', (_name, net, early, later) => {
    const all = Array.from({ length: 20 }, (_, i) => errors(net, i + 1, 60_000)).flat()
    const size = (from: number, to: number) => percentile(all.filter((s) => s.t >= from && s.t < to).map((s) => Math.abs(s.e)), 0.95)
    expect(size(1500, 10_000)).toBeLessThan(early)
    expect(size(20_000, 60_000)).toBeLessThan(later)
  })

  test('steps stay small after the burst', () => {
    const es = errors({ up: 50, down: 50, jitter: 60 }, 3, 60_000).filter((s) => s.t > 3000)
    for (let i = 1; i < es.length; i++) expect(Math.abs(es[i]!.e - es[i - 1]!.e)).toBeLessThanOrEqual(0.51)
  })

  test('jumps after sleep, once it has fresh answers', () => {
    const es = errors({ up: 5, down: 5, jitter: 2 }, 3, 60_000, 20_000)
    expect(Math.abs(es.at(-1)!.e)).toBeLessThan(2)
    expect(es.filter((s) => Math.abs(s.e) > 100)).toEqual([])
  })

  test('ignores answers that cannot be true', () => {
    const c = new Clock()
    for (let i = 0; i < 10; i++) c.add({ t0: i, t1: i + 100, t2: i + 100, t3: i + 1 })
    const before = c.server(50)
    c.add({ t0: 100, t1: NaN, t2: 5, t3: 101 })
    c.add({ t0: 100, t1: 50, t2: 40, t3: 101 })
    c.add({ t0: 100, t1: 50, t2: 50, t3: 99 })
    c.add({ t0: 100, t1: 1e6, t2: 1e6, t3: 1e6 })
    expect(c.server(50)).toBe(before)
    expect(c.quality().samples).toBe(10)
  })

  test('says what it is worth', () => {
    const c = new Clock()
    for (let i = 0; i < 30; i++) c.add({ t0: i, t1: i, t2: i, t3: i + 20 + (i % 10) })
    expect(c.quality()).toMatchObject({ minRttMs: 20, oneWayMs: 10, errorMs: 10 })
    expect(c.quality().jitterMs).toBeGreaterThan(3)
  })
})
