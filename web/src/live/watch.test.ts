import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StreamSchema, StreamState } from '../gen/synctv/v1/streams_pb'
import { ApiError } from '../net/errors'
import { nextPhase, pauseMs, StreamWatch, type Phase } from './watch'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('nextPhase', () => {
  it.each<[Phase, StreamState, Phase]>([
    ['unknown', StreamState.IDLE, 'waiting'],
    ['waiting', StreamState.IDLE, 'waiting'],
    ['waiting', StreamState.LIVE, 'live'],
    ['live', StreamState.RECONNECTING, 'reconnecting'],
    ['unknown', StreamState.RECONNECTING, 'reconnecting'],
    ['reconnecting', StreamState.LIVE, 'live'],
    ['reconnecting', StreamState.IDLE, 'ended'],
    ['live', StreamState.IDLE, 'ended'],
    ['ended', StreamState.IDLE, 'ended'],
    ['ended', StreamState.LIVE, 'live'],
    ['gone', StreamState.IDLE, 'waiting'],
    ['unknown', StreamState.CONNECTING, 'connecting'],
  ])('%s, then %s: %s', (before, state, want) => expect(nextPhase(before, state)).toBe(want))
})

it('a stream from elsewhere is not waited for: it comes when somebody asks for it', () => {
  expect(nextPhase('unknown', StreamState.IDLE, true)).toBe('connecting')
  expect(nextPhase('live', StreamState.IDLE, true)).toBe('connecting')
})

describe('pauseMs', () => {
  it('is short when something is about to change, and long behind other tabs', () => {
    expect(pauseMs('reconnecting', false, false)).toBe(1000)
    expect(pauseMs('live', true, false)).toBe(1000)
    expect(pauseMs('live', false, false)).toBe(10_000)
    expect(pauseMs('waiting', false, true)).toBe(10_000)
  })
})

describe('StreamWatch', () => {
  function make(answers: (StreamState | ApiError)[]) {
    let asked = 0
    const fetch = vi.fn(async () => {
      const a = answers[Math.min(asked++, answers.length - 1)]
      if (a instanceof ApiError) throw a
      return create(StreamSchema, { state: a as StreamState })
    })
    return { watch: new StreamWatch({ fetch, hidden: () => false, random: () => 0.5 }), fetch }
  }

  it('asks on by itself, and not after it was stopped', async () => {
    const { watch, fetch } = make([StreamState.IDLE, StreamState.LIVE, StreamState.IDLE])
    await watch.refresh()
    expect(watch.life.value.phase).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2500)
    expect(watch.life.value.phase).toBe('live')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(watch.life.value.phase).toBe('ended')
    watch.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(fetch).toHaveBeenCalledTimes(3)
  })

  it('asks at once when the picture stands', async () => {
    const { watch } = make([StreamState.LIVE, StreamState.RECONNECTING])
    await watch.refresh()
    watch.urgent(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(watch.life.value.phase).toBe('reconnecting')
    watch.stop()
  })

  it('keeps what is known through trouble, and believes that it is gone', async () => {
    const { watch } = make([StreamState.LIVE, new ApiError('network', ''), new ApiError('not_found', '')])
    await watch.refresh()
    await watch.refresh()
    expect(watch.life.value.phase).toBe('live')
    await watch.refresh()
    expect(watch.life.value.phase).toBe('gone')
    watch.stop()
  })

  it('gives one answer to all who ask at once', async () => {
    const { watch, fetch } = make([StreamState.LIVE])
    await Promise.all([watch.refresh(), watch.refresh()])
    expect(fetch).toHaveBeenCalledTimes(1)
    watch.stop()
  })
})
