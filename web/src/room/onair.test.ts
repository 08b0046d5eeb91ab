import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MediaSchema, SourceSchema } from '../gen/synctv/v1/media_pb'
import { StreamSchema, StreamState } from '../gen/synctv/v1/streams_pb'
import { ApiError } from '../net/errors'
import { lookedAfter, most, OnAir } from './onair'

const sourceOf = (mediaId: string) => create(SourceSchema, { mediaId, streamId: `str_${mediaId}` })

describe('OnAir', () => {
  let states: Record<string, StreamState | 'not_found' | 'network'>
  let hidden = false
  const resolve = vi.fn(async (id: string) => sourceOf(id))
  const stream = vi.fn(async ({ mediaId }: { mediaId: string }) => {
    const state = states[mediaId] ?? 'not_found'
    if (typeof state === 'string') throw new ApiError(state, '')
    return create(StreamSchema, { state })
  })
  let air: OnAir
  beforeEach(() => {
    vi.useFakeTimers()
    vi.clearAllMocks()
    hidden = false
    air = new OnAir({ resolve, stream, hidden: () => hidden })
  })
  afterEach(() => void vi.useRealTimers())

  it.each([
    ['live', StreamState.LIVE, true],
    ['nobody there', StreamState.IDLE, false],
    ['the publisher dropped', StreamState.RECONNECTING, false],
    ['its source is being connected to', StreamState.CONNECTING, false],
    ['gone', 'not_found', false],
    ['no answer', 'network', undefined],
  ] as const)('%s', async (_, state, on) => {
    states = { a: state }
    await air.ask(sourceOf('a')).catch(() => undefined)
    expect(air.items.value['a']).toBe(on)
  })

  it('looks now and then, with one address, until stopped', async () => {
    states = { a: StreamState.IDLE, b: StreamState.LIVE }
    const stop = air.watch(['a', 'b'])
    await vi.advanceTimersByTimeAsync(100)
    expect(air.items.value).toEqual({ a: false, b: true })
    states = { a: StreamState.LIVE, b: StreamState.IDLE }
    await vi.advanceTimersByTimeAsync(20_000)
    expect(air.items.value).toEqual({ a: true, b: false })
    expect(resolve).toHaveBeenCalledTimes(2)
    hidden = true
    await vi.advanceTimersByTimeAsync(60_000)
    expect(stream).toHaveBeenCalledTimes(4)
    hidden = false
    stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(stream).toHaveBeenCalledTimes(4)
  })

  it('asks for another address when one has ended, and keeps what it knew', async () => {
    states = { a: StreamState.LIVE }
    const stop = air.watch(['a'])
    await vi.advanceTimersByTimeAsync(100)
    states = { a: 'network' }
    await vi.advanceTimersByTimeAsync(20_000)
    expect(air.items.value).toEqual({ a: true })
    states = { a: StreamState.IDLE }
    await vi.advanceTimersByTimeAsync(20_000)
    stop()
    expect([air.items.value, resolve.mock.calls.length]).toEqual([{ a: false }, 2])
  })
})

it('looks after streams of this server that are not on the screen, and not after any number', () => {
  const live = (id: string, init = {}) => create(MediaSchema, { id, live: true, provider: 'live', ...init })
  expect(lookedAfter([live('a'), live('b'), live('c', { provider: 'direct' }), live('d', { live: false })], 'a')).toEqual(['b'])
  expect(lookedAfter(Array.from({ length: 30 }, (_, i) => live(`m${i}`)), '').length).toBe(most)
})
