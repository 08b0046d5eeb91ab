import { describe, expect, test } from 'vitest'
import { percentile, World } from './sim/world'
import type { PageSpec } from './sim/world'

const lan: PageSpec = { up: { base: 0.5, jitter: 0.5 }, down: { base: 0.5, jitter: 0.5 } }
const far: PageSpec = { up: { base: 125, jitter: 60 }, down: { base: 125, jitter: 60 } }

/** A room of pages that has been playing since 2.5 s. */
function room(specs: PageSpec[], seed = 1): World {
  const w = new World(specs, seed)
  w.at(2500, () => w.play())
  return w
}

const calls = (w: World, page: number, what: string, from = 0) =>
  w.pages[page]!.player.calls.filter((c) => c.what === what && c.t >= from)

describe('commands', () => {
  test('wait for the clock', () => {
    const w = new World([far], 1, { playing: true, atMs: 1_763_000_000_000 - 50_000 })
    w.run(600)
    expect(calls(w, 0, 'play')).toEqual([])
    w.run(4000)
    expect(Math.abs(w.pages[0]!.player.truth() - w.here())).toBeLessThan(40)
  })

  test('a pause lands exactly, and again after each pause', () => {
    const w = room([lan, far])
    for (let i = 0; i < 5; i++) {
      w.at(5000 + i * 3000, () => w.pause())
      w.at(6500 + i * 3000, () => w.play())
      w.run(6400 + i * 3000)
      for (const p of w.pages) {
        expect(Math.abs(p.player.position() * 1000 - w.state.positionMs)).toBeLessThan(0.001)
        expect(p.status).toMatchObject({ phase: 'standing', errorMs: 0, ready: true })
      }
    }
  })

  test('a room rate is taken over without a jump', () => {
    const w = room([lan, far])
    w.at(8000, () => w.rate(1.5))
    w.at(16_000, () => w.rate(1))
    w.run(24_000)
    expect(percentile(w.skews(8000, 24_000), 1)).toBeLessThan(60)
    expect(calls(w, 0, 'seek', 8000)).toEqual([])
  })

  test('a hold stands at the position and is reported as ready', () => {
    const w = room([lan])
    w.at(6000, () => w.change({ positionMs: 50_000, hold: { reason: 'seek', waiting: ['a'], untilMs: w.serverTime() + 4000 } }))
    w.run(6500)
    expect(w.pages[0]!.status).toMatchObject({ phase: 'standing', errorMs: 0, ready: true })
    expect(w.pages[0]!.player.position()).toBe(50)
  })

  test('stale and repeated states change nothing', () => {
    const w = room([lan])
    w.run(5000)
    const before = w.pages[0]!.player.calls.length
    const old = { ...w.state, revision: w.state.revision - 1, playing: false }
    w.pages[0]!.receive(old)
    w.pages[0]!.receive({ ...w.state })
    w.run(7000)
    expect(calls(w, 0, 'pause', 5000)).toEqual([])
    expect(w.pages[0]!.player.calls.length - before).toBeLessThanOrEqual(2)
  })

  test('a revision that moves nothing disturbs nothing', () => {
    const w = room([lan])
    w.at(6000, () => w.change({ durationMs: 600_000 }))
    w.run(9000)
    expect(calls(w, 0, 'pause', 5900)).toEqual([])
    expect(calls(w, 0, 'seek', 5900)).toEqual([])
  })

  test('the end is left to the media', () => {
    const w = room([{ ...lan, device: { durationS: 8 } }])
    w.state = { ...w.state, durationMs: 8000 }
    w.run(14_000)
    const p = w.pages[0]!.player
    expect(p.ended).toBe(true)
    expect(calls(w, 0, 'seek', 9000)).toEqual([])
    w.change({ positionMs: 0, atMs: w.serverTime() + 150 }) // the item loops
    w.run(17_000)
    expect(Math.abs(p.truth() - w.here())).toBeLessThan(40)
  })

  test('other media is not touched', () => {
    const w = room([lan])
    w.state = { ...w.state, mediaId: 'other' }
    w.run(6000)
    expect(w.pages[0]!.player.calls).toEqual([])
    expect(w.pages[0]!.status?.phase).toBe('idle')
  })

  test('live plays and pauses, nothing else', () => {
    const w = room([lan])
    w.state = { ...w.state, live: true }
    w.at(6000, () => w.pause())
    w.run(5000)
    expect(calls(w, 0, 'seek')).toEqual([])
    expect(w.pages[0]!.player.paused).toBe(false)
    w.run(7000)
    expect(w.pages[0]!.player.paused).toBe(true)
  })
})

describe('trouble', () => {
  test('one who stalls comes back; the others notice nothing', () => {
    const w = room([lan, lan, lan])
    w.at(10_000, () => w.pages[2]!.player.stall(5000))
    w.run(14_000)
    expect(w.pages[2]!.status?.stalledSinceMs).not.toBeNull()
    expect(calls(w, 2, 'rate', 10_500)).toEqual([])
    w.run(18_000)
    expect(Math.abs(w.pages[2]!.player.truth() - w.here())).toBeLessThan(40)
    expect(calls(w, 0, 'rate', 10_000).length + calls(w, 0, 'seek', 10_000).length).toBeLessThanOrEqual(2)
  })

  test.each([80, 150, 300])('a hiccup of %i ms is made good soon', (ms) => {
    const w = room([lan, lan])
    w.at(10_000, () => w.pages[1]!.player.stall(ms))
    w.run(16_000)
    expect(percentile(w.skews(13_500, 16_000), 1)).toBeLessThan(20)
    expect(calls(w, 1, 'rate', 10_000).length).toBeLessThanOrEqual(6)
    expect(calls(w, 1, 'seek', 10_000)).toEqual([])
  })

  test('a refused start is reported once and not repeated until a gesture', () => {
    const w = room([{ ...lan, device: { autoplay: false } }])
    w.run(2600)
    return Promise.resolve().then(() => Promise.resolve()).then(() => {
      w.run(4000)
      expect(w.pages[0]!.status?.blocked).toBe(true)
      w.pages[0]!.controller.unblock()
      w.run(4270)
      expect(w.pages[0]!.status?.blocked).toBe(false)
    })
  })

  test('what pauses the player from outside is not fought for ever', async () => {
    const w = room([lan])
    for (const [i, t] of [5000, 7000].entries()) {
      w.run(t)
      await Promise.resolve()
      w.pages[0]!.player.interrupt()
      w.run(t + 1500)
      await Promise.resolve()
      expect(w.pages[0]!.player.paused, `interruption ${i}`).toBe(false)
    }
    w.run(9000)
    await Promise.resolve()
    w.pages[0]!.player.interrupt()
    w.run(11_000)
    expect(w.pages[0]!.controller.local).toBe('paused')
    w.pages[0]!.controller.setLocal('follow')
    w.run(13_000)
    expect(Math.abs(w.pages[0]!.player.truth() - w.here())).toBeLessThan(40)
  })

  test('free mode leaves the player alone; coming back joins', () => {
    const w = room([lan])
    w.run(5000)
    w.pages[0]!.controller.setLocal('free')
    w.pages[0]!.player.setPosition(300)
    w.run(8000)
    expect(calls(w, 0, 'seek', 5001)).toEqual([])
    w.pages[0]!.controller.setLocal('follow')
    w.run(10_000)
    expect(Math.abs(w.pages[0]!.player.truth() - w.here())).toBeLessThan(40)
  })

  test('a reconnect with a new burst does not disturb playing', () => {
    const w = room([lan, far])
    w.at(10_000, () => w.pages.forEach((p) => p.clock.restart()))
    w.run(16_000)
    expect(percentile(w.skews(10_000, 16_000), 1)).toBeLessThan(40)
    expect(calls(w, 0, 'seek', 9000)).toEqual([])
  })

  test('asymmetric ways cost half their difference, no more', () => {
    const w = room([lan, { up: { base: 80, jitter: 2 }, down: { base: 20, jitter: 2 } }])
    w.run(20_000)
    expect(percentile(w.skews(8000, 20_000), 0.95)).toBeLessThan(30 + 15)
  })

  test('a player without rates falls back to rare seeks', () => {
    const w = room([{ ...lan, device: { rateless: true, driftPpm: -4000 } }])
    w.run(120_000)
    expect(w.pages[0]!.status?.seekOnly).toBe(true)
    expect(calls(w, 0, 'seek', 60_000).length).toBeLessThanOrEqual(5)
    expect(calls(w, 0, 'rate', 60_000)).toEqual([])
  })

  test('a throttled tab is not driven mad', () => {
    const w = room([lan, { ...lan, tickMs: 1000 }])
    w.run(60_000)
    expect(calls(w, 1, 'rate', 10_000).length).toBeLessThanOrEqual(12)
    expect(percentile(w.skews(40_000, 60_000), 0.95)).toBeLessThan(60)
  })

  test('a drifting device is trimmed instead of chased', () => {
    const w = room([{ ...lan, device: { driftPpm: 1500 } }])
    w.run(90_000)
    expect(calls(w, 0, 'rate', 60_000).length).toBeLessThanOrEqual(3)
    expect(Math.abs(w.pages[0]!.player.truth() - w.here())).toBeLessThan(20)
  })

  test.each(['normal', 'relaxed', 'off'] as const)('mode %s corrects less', (mode) => {
    const w = room([{ ...lan, mode, device: { driftPpm: -400 } }])
    w.run(60_000)
    const behind = w.here() - w.pages[0]!.player.truth()
    expect(calls(w, 0, 'rate', 5000).length).toBeLessThanOrEqual(mode === 'off' ? 0 : 8)
    expect(behind).toBeLessThan({ normal: 50, relaxed: 140, off: 200 }[mode])
  })
})
