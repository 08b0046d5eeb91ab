import { create } from '@bufbuild/protobuf'
import { describe, expect, it, vi } from 'vitest'
import { StreamSchema } from '../gen/synctv/v1/streams_pb'
import type { Api } from '../net/api'
import { Clock } from '../sync'
import { LoneRoom } from './lone'

describe('LoneRoom', () => {
  it('learns the clock from what it asks anyway, and offers both ways to the stream', async () => {
    let page = 1000
    const call = vi.fn(async () => {
      page += 40
      return create(StreamSchema, { id: 'str_1', nowMs: page - 20 + 5_000_000, playback: { hlsUrl: '/live/str_1/index.m3u8?token=T', flvUrl: '/live/str_1.flv?token=T' } })
    })
    const room = new LoneRoom({ call } as unknown as Api, create(StreamSchema, { id: 'str_1', title: 'Mine' }), 'T', () => page)
    const clock = new Clock()
    room.onClockSample((s) => clock.add(s))
    expect(clock.ready).toBe(false)
    const source = await room.resolve('str_1')
    expect(source.variants.map((v) => v.container)).toEqual(['hls', 'flv'])
    expect(clock.ready).toBe(true)
    expect(Math.abs(clock.server(page) - (page + 5_000_000))).toBeLessThan(21)
    expect(call).toHaveBeenCalledWith(expect.anything(), { streamId: 'str_1', token: 'T' })
    expect(room.can()).toBe(false)
    // The page was asleep: the clock begins anew, and asks quickly.
    clock.restart()
    expect(clock.ready).toBe(false)
    page += 60_000
    for (let i = 0; i < 5; i++) room.ping(page + i * 30)
    await new Promise((done) => setTimeout(done))
    expect(clock.ready).toBe(true)
    expect(call).toHaveBeenCalledTimes(2)
  })
})
