import { describe, expect, it, vi } from 'vitest'
import { Feed, windowMs, type DanmakuMessage } from './feed'
import { SmoothClock } from './engine'
import { isBlocked, parseBlocked } from './settings'

const line = (id: string, atMs: number): DanmakuMessage => ({ id, text: id, atMs, kind: 'scroll', color: '#fff', own: false })

describe('Feed', () => {
  it('asks for a window once and for the next one ahead of time', async () => {
    const fetch = vi.fn(async (_: string, from: number) => [line(`h${from}`, from + 5)])
    const more = vi.fn()
    const feed = new Feed('m', fetch, more)
    feed.need(0, 0)
    feed.need(100, 10)
    expect(fetch.mock.calls.map((c) => c[1])).toEqual([0])
    feed.need(50_000, 20)
    expect(fetch.mock.calls.map((c) => c[1])).toEqual([0, windowMs])
    await Promise.resolve()
    expect(more).toHaveBeenCalled()
    expect(feed.between(0, 10).map((l) => l.id)).toEqual(['h0'])
  })

  it('tries a failed window again, later', async () => {
    const fetch = vi.fn(async (): Promise<DanmakuMessage[]> => { throw new Error('down') })
    const feed = new Feed('m', fetch, () => {})
    feed.need(0, 0)
    await new Promise((done) => setTimeout(done))
    feed.need(0, 5000)
    expect(fetch).toHaveBeenCalledTimes(1)
    feed.need(0, 10_001)
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it('keeps order and drops doubles', () => {
    const feed = new Feed('m', async () => [], () => {})
    for (const [id, at] of [['b', 20], ['a', 10], ['c', 30]] as const) expect(feed.add(line(id, at))).toBe(true)
    expect(feed.add(line('a', 99))).toBe(false)
    expect(feed.between(10, 30).map((l) => l.id)).toEqual(['b', 'c'])
  })

  it('has bounded memory', () => {
    const feed = new Feed('m', async () => [], () => {})
    for (let i = 0; i < 7000; i++) feed.add(line(String(i), i * 100))
    expect(feed.between(-1, 1e9).length).toBe(6000)
    expect(feed.between(699_800, 1e9).map((l) => l.id)).toEqual(['6999'])
  })
})

describe('SmoothClock', () => {
  it('follows small noise without going back, and jumps on a seek', () => {
    const clock = new SmoothClock()
    expect(clock.step(1000, 1, 0)).toEqual({ atMs: 1000, jumped: true })
    let last = 1000
    for (let t = 16; t < 1000; t += 16) {
      const { atMs, jumped } = clock.step(1000 + t + (t % 48 ? 12 : -12), 1, t)
      expect(jumped).toBe(false)
      expect(atMs).toBeGreaterThanOrEqual(last)
      expect(Math.abs(atMs - 1000 - t)).toBeLessThan(15)
      last = atMs
    }
    expect(clock.step(50_000, 1, 1016)).toEqual({ atMs: 50_000, jumped: true })
  })

  it('stands still while paused', () => {
    const clock = new SmoothClock()
    clock.step(1000, 0, 0)
    expect(clock.step(1000, 0, 500).atMs).toBe(1000)
  })
})

describe('blocked words', () => {
  it('are read, bounded and matched without case', () => {
    expect(parseBlocked(' Foo, bar\n foo，剧透 ,,')).toEqual(['foo', 'bar', '剧透'])
    expect(parseBlocked(Array.from({ length: 300 }, (_, i) => `w${i}`).join())).toHaveLength(100)
    expect(isBlocked('No FOO here', ['foo'])).toBe(true)
    expect(isBlocked('前方剧透', ['剧透'])).toBe(true)
    expect(isBlocked('fine', [])).toBe(false)
  })
})
