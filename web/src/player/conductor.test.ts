// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf'
import { signal } from '@preact/signals'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SourceSchema, VariantSchema } from '../gen/synctv/v1/media_pb'
import { HoldSchema, PlaybackOp, type Playback } from '../gen/synctv/v1/playback_pb'
import { PlayerState } from '../gen/synctv/v1/realtime_pb'
import { Conductor } from './conductor'
import type { Media } from './element'
import { FakeMedia, FakeRoom } from './fakes'
import { loadPrefs } from './prefs'
import type { LoadState } from './source'

let stop: () => void = () => {}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] })
  localStorage.clear()
})
afterEach(() => {
  stop()
  vi.useRealTimers()
})

function opened(mediaId = 'med_1', url = 'film.mp4'): LoadState {
  const variant = create(VariantSchema, { url, container: 'mp4' })
  const engine = { kind: 'native' as const, levels: () => [], level: () => -1, setLevel: () => {}, destroy: () => {} }
  return { phase: 'open', mediaId, source: create(SourceSchema, { mediaId, variants: [variant] }), variant, engine }
}

async function play(state: Partial<Playback>, change: (room: FakeRoom, media: FakeMedia) => void = () => {}) {
  const room = new FakeRoom(state)
  const media = new FakeMedia()
  change(room, media)
  const load = signal<LoadState>(opened())
  const c = new Conductor({ room, media: media as unknown as Media, prefs: loadPrefs(), load, now: () => performance.now(), wall: () => Date.now() })
  stop = c.run()
  const run = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const error = () => media.currentTime * 1000 - room.position()
  return { room, media, load, c, run, error }
}

const moving = { playing: true, positionMs: 20_000 }

describe('following', () => {
  it('joins a moving room within two seconds and stays in line', async () => {
    const { run, error, c, room } = await play(moving)
    await run(2000)
    expect(Math.abs(error())).toBeLessThan(40)
    await run(10_000)
    expect(Math.abs(error())).toBeLessThan(15)
    expect(c.pill.value.state).toBe('in_sync')
    expect(c.playing.value).toBe(true)
    expect(room.intents).toEqual([])
  })

  it('stands on the exact position of a paused room', async () => {
    const { run, media } = await play({ playing: false, positionMs: 33_333 })
    await run(1000)
    expect(media.paused).toBe(true)
    expect(media.currentTime).toBe(33.333)
  })

  it('plays everything earlier by the delay of this device', async () => {
    const { run, error } = await play(moving, () => localStorage.setItem('synctv.player.delay', '200'))
    await run(8000)
    expect(Math.abs(error() - 200)).toBeLessThan(20)
  })

  it('reports about once a second, and its readiness', async () => {
    const { run, room } = await play(moving)
    await run(10_000)
    expect(room.reports.length).toBeGreaterThan(8)
    expect(room.reports.length).toBeLessThan(16)
    const last = room.reports.at(-1)
    expect(last).toMatchObject({ state: PlayerState.PLAYING, mediaId: 'med_1', readyRevision: 1, free: false })
    expect(last?.rttMs).toBeCloseTo(60, 0)
  })

  it('pings in a burst, then calmly', async () => {
    const { run, room } = await play(moving)
    await run(1500)
    expect(room.pings).toBeGreaterThanOrEqual(20)
    const before = room.pings
    await run(10_000)
    expect(room.pings - before).toBeLessThan(25)
  })
})

describe('intents', () => {
  it('never come from events of the element', async () => {
    const { run, room, media } = await play(moving)
    await run(2000)
    for (const name of ['pause', 'play', 'seeking', 'seeked', 'ratechange', 'waiting', 'ended', 'emptied', 'stalled']) {
      media.dispatchEvent(new Event(name))
      await run(50)
    }
    media.pause()
    await run(3000)
    media.currentTime = 5
    await run(3000)
    expect(room.intents).toEqual([])
  })

  it('pause at once, on the picture that was on the screen', async () => {
    const { run, room, media, c } = await play(moving)
    await run(4000)
    const shown = media.currentTime * 1000
    c.toggle()
    expect(media.paused).toBe(true)
    expect(c.playing.value).toBe(false)
    expect(room.intents).toEqual([{ op: PlaybackOp.PAUSE, positionMs: shown }])
    await run(1000)
    expect(media.currentTime * 1000).toBeCloseTo(shown, 2)
    expect(room.position()).toBeCloseTo(shown, 2)
  })

  it('play shows itself at once and starts with the room', async () => {
    const { run, room, c, error, media } = await play({ playing: false, positionMs: 10_000 })
    await run(2000)
    c.toggle()
    expect(c.playing.value).toBe(true)
    await run(3000)
    expect(media.paused).toBe(false)
    expect(Math.abs(error())).toBeLessThan(20)
    expect(room.intents).toHaveLength(1)
  })

  it('seek here at once, and send a storm as a few', async () => {
    const { run, room, c, media, error } = await play(moving)
    await run(3000)
    for (let i = 0; i < 12; i++) {
      c.skip(5000)
      await run(20)
    }
    expect(media.currentTime).toBeGreaterThan(70)
    await run(4000)
    expect(room.intents.length).toBeLessThan(5)
    expect(room.position()).toBeGreaterThan(80_000)
    expect(Math.abs(error())).toBeLessThan(40)
  })

  it('are taken back when refused', async () => {
    const { run, room, c, error } = await play(moving)
    await run(3000)
    room.refuse = new Error('not now')
    c.toggle()
    expect(c.playing.value).toBe(false)
    await run(3000)
    expect(c.playing.value).toBe(true)
    expect(c.notice.value?.text).not.toBe('')
    expect(Math.abs(error())).toBeLessThan(40)
  })
})

describe('a viewer without control', () => {
  const locked = (room: FakeRoom) => room.permissions.clear()

  it('pauses here only, and catches up', async () => {
    const { run, room, c, media, error } = await play(moving, locked)
    await run(3000)
    c.toggle()
    await run(5000)
    expect(media.paused).toBe(true)
    expect(c.localPause.value).toBe(true)
    expect(c.pill.value.state).toBe('local_pause')
    expect(room.reports.at(-1)?.free).toBe(true)
    c.toggle()
    await run(2500)
    expect(Math.abs(error())).toBeLessThan(40)
    c.seek(5000)
    c.rate(2)
    c.next()
    expect(room.intents).toEqual([])
    expect(c.notice.value).not.toBeNull()
  })

  it('goes his own way and comes back', async () => {
    const { run, room, c, media, error } = await play(moving, locked)
    await run(3000)
    c.setFree(true)
    c.seek(90_000)
    await run(1000)
    expect(media.currentTime).toBeGreaterThan(90)
    c.toggle()
    expect(media.paused).toBe(true)
    c.setFree(false)
    await run(3000)
    expect(Math.abs(error())).toBeLessThan(40)
    expect(room.intents).toEqual([])
  })
})

describe('trouble', () => {
  it('plays on without sound when the browser wants a gesture', async () => {
    const { run, c, media, room, error } = await play(moving, (_, m) => (m.refuseSound = true))
    await run(4000)
    expect(c.soundBlocked.value).toBe(true)
    expect(media.muted).toBe(true)
    expect(Math.abs(error())).toBeLessThan(40)
    c.unblockSound()
    expect(media.muted).toBe(false)
    expect(room.intents).toEqual([])
  })

  it('shows a stall after 300 ms, says so, and comes back', async () => {
    const { run, c, media, room, error } = await play(moving)
    await run(4000)
    media.starve(true)
    await run(200)
    expect(c.stalled.value).toBe(false)
    await run(1800)
    expect(c.stalled.value).toBe(true)
    expect(room.reports.at(-1)?.state).toBe(PlayerState.STALLED)
    media.starve(false)
    await run(3000)
    expect(c.stalled.value).toBe(false)
    expect(Math.abs(error())).toBeLessThan(40)
  })

  it('plays on without a connection and asks for the time anew after it', async () => {
    const { run, room, media, c, error } = await play(moving)
    await run(4000)
    room.connection.value = { state: 'reconnecting', attempt: 2, nextInMs: 500 }
    const before = room.pings
    await run(5000)
    expect(room.pings).toBe(before)
    expect(media.paused).toBe(false)
    expect(c.pill.value.state).toBe('reconnecting')
    room.connection.value = { state: 'open' }
    await run(2000)
    expect(room.pings - before).toBeGreaterThanOrEqual(20)
    expect(Math.abs(error())).toBeLessThan(40)
  })

  it('starts a new burst after sleep', async () => {
    const { run, room, error } = await play(moving)
    await run(35_000)
    const before = room.pings
    vi.setSystemTime(Date.now() + 60_000)
    await run(1500)
    expect(room.pings - before).toBeGreaterThanOrEqual(20)
    expect(Math.abs(error())).toBeLessThan(40)
  })

  it('waits with the room and starts with it', async () => {
    const { run, room, c, media, error } = await play(moving)
    await run(3000)
    const at = room.position()
    room.set({ positionMs: at, atMs: room.serverNow(), hold: create(HoldSchema, { reason: 'stall', waiting: ['s2'], untilMs: room.serverNow() + 4000 }) })
    await run(1000)
    expect(media.paused).toBe(true)
    expect(c.pill.value).toMatchObject({ state: 'waiting', detail: '3 s' })
    expect(c.holdLeftMs()).toBeCloseTo(3000, -2)
    room.set({ hold: undefined as never, atMs: room.serverNow() + 200, leadRate: 0 })
    await run(2000)
    expect(Math.abs(error())).toBeLessThan(40)
  })

  it('changes the item without mixing them up', async () => {
    const { run, room, load, media, error } = await play(moving)
    await run(3000)
    room.set({ mediaId: 'med_2', positionMs: 0, atMs: room.serverNow() + 200, leadRate: 0 })
    load.value = { phase: 'resolving', mediaId: 'med_2' }
    await run(500)
    media.pause()
    media.currentTime = 0
    load.value = opened('med_2', 'next.mp4')
    await run(3000)
    expect(Math.abs(error())).toBeLessThan(40)
    expect(room.intents).toEqual([])
  })

  it('knows the end', async () => {
    const { run, c, room } = await play({ playing: true, positionMs: 117_000 })
    await run(6000)
    expect(c.ended.value).toBe(true)
    expect(c.playing.value).toBe(false)
    c.toggle()
    expect(room.intents.at(-1)).toMatchObject({ op: PlaybackOp.SEEK, positionMs: 0 })
    expect(c.now()).toBeLessThan(1)
  })
})
