// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf'
import { signal } from '@preact/signals'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SourceSchema, VariantSchema, type Source } from '../gen/synctv/v1/media_pb'
import { StreamSchema, StreamState } from '../gen/synctv/v1/streams_pb'
import type { LiveFeed } from '../player/engine'
import { FakeMedia } from '../player/fakes'
import type { Media } from '../player/element'
import type { LoadState } from '../player/source'
import { LiveSeat, togetherMs } from './seat'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

const source = create(SourceSchema, { mediaId: 'm', streamId: 'str_1', live: true, variants: [create(VariantSchema, { url: '/live/str_1/index.m3u8?token=T', container: 'hls' })] })

/** A seat before a stream whose media time 0 was received at time 0 of the server, which is the page's. */
function make() {
  const media = new FakeMedia()
  media.duration = 1e6
  media.buffered = { length: 1, start: () => 0, end: () => performance.now() / 1000 - 0.2 }
  const feed: LiveFeed = { dateMs: () => media.currentTime * 1000, edge: () => null, start: () => Math.max(0, performance.now() / 1000 - 30), askedMs: () => null, notes: () => [], steers: true }
  const engine = { kind: 'hls' as const, live: feed, levels: () => [], level: () => -1, setLevel: () => {}, destroy: () => {} }
  const load = signal<LoadState>({ phase: 'open', mediaId: 'm', source, variant: source.variants[0] as never, engine })
  const state = { now: StreamState.LIVE, held: false }
  const retry = vi.fn()
  const seat = new LiveSeat({
    media: media as unknown as Media, load, latest: signal<Source | null>(source), clock: { ready: true, server: (ms) => ms },
    stream: async () => create(StreamSchema, { id: 'str_1', state: state.now }), retry, held: () => state.held, fast: signal(false), now: () => performance.now(),
  })
  const run = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  return { media, seat, load, feed, state, retry, run, stop: seat.run() }
}

/** Plays from so far behind. */
async function begin(behindMs: number) {
  const t = make()
  await t.run(20_000)
  t.media.currentTime = (performance.now() - behindMs) / 1000
  await t.run(100)
  await t.media.play()
  await t.run(10_000)
  return t
}

describe('LiveSeat', () => {
  it.each([300, 900, 2500, 9000])('holds the common distance from %i ms', async (behind) => {
    const { seat, stop } = await begin(behind)
    expect(Math.abs((seat.latencyMs.value ?? 0) - togetherMs)).toBeLessThan(120)
    expect(seat.away.value).toBe(false)
    stop()
  })

  it('holds on to what has come when an encoder is slower than what it sends', async () => {
    const { media, seat, feed, run, stop } = await begin(1000)
    // From now on four fifths of it come, each dated for when it should have come.
    const from = performance.now()
    const come = () => (from + (performance.now() - from) * 0.8) / 1000 - 0.2
    media.buffered = { length: 1, start: () => 0, end: come }
    feed.edge = come
    const timer = setInterval(() => media.starve(media.currentTime >= come()), 20)
    const late: number[] = []
    for (let i = 0; i < 60; i++) {
      await run(1000)
      late.push(seat.latencyMs.value ?? NaN)
    }
    clearInterval(timer)
    // The server's dates would say twelve seconds.
    expect(Math.max(...late)).toBeLessThan(6000)
    expect(seat.away.value).toBe(false)
    stop()
  })

  it('goes back as far as the window, alone, and returns', async () => {
    const { seat, run, stop } = await begin(1000)
    seat.skip(-10_000)
    await run(1000)
    expect(seat.away.value).toBe(true)
    expect(seat.latencyMs.value).toBeGreaterThan(10_000)
    seat.skip(-60_000)
    await run(500)
    expect(seat.latencyMs.value).toBeLessThan(31_000)
    seat.toEdge()
    await run(6000)
    expect(seat.away.value).toBe(false)
    expect(Math.abs((seat.latencyMs.value ?? 0) - togetherMs)).toBeLessThan(150)
    stop()
  })

  it('goes on from where the viewer paused, and not from where the browser did', async () => {
    const { seat, media, state, run, stop } = await begin(1000)
    state.held = true
    media.pause()
    await run(5000)
    state.held = false
    await media.play()
    await run(500)
    expect(seat.away.value).toBe(true)
    seat.toEdge()
    await run(3000)
    media.pause()
    await run(5000)
    await media.play()
    await run(6000)
    expect(seat.away.value).toBe(false)
    expect(Math.abs((seat.latencyMs.value ?? 0) - togetherMs)).toBeLessThan(200)
    stop()
  })

  it('tries again when the picture stands although the stream is live, less and less often', async () => {
    const { media, retry, run, stop } = await begin(1000)
    media.starve(true)
    await run(3000)
    expect(retry).not.toHaveBeenCalled()
    await run(3000)
    expect(retry).toHaveBeenCalledTimes(1)
    await run(60_000)
    expect(retry.mock.calls.length).toBeGreaterThan(2)
    expect(retry.mock.calls.length).toBeLessThanOrEqual(6)
    stop()
  })

  it('waits while nobody publishes, and tries at once when somebody does', async () => {
    const { media, load, state, retry, seat, run, stop } = await begin(1000)
    state.now = StreamState.RECONNECTING
    media.starve(true)
    await run(3000)
    expect(seat.life.value.phase).toBe('reconnecting')
    state.now = StreamState.IDLE
    load.value = { phase: 'failed', mediaId: 'm', source, fault: { kind: 'missing', status: 404 } }
    await run(20_000)
    expect(seat.life.value.phase).toBe('ended')
    expect(retry).not.toHaveBeenCalled()
    expect(await seat.worth(source)).toBe(false)
    state.now = StreamState.LIVE
    await run(4000)
    expect(retry).toHaveBeenCalled()
    stop()
  })
})
