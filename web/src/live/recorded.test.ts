import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RecordingSchema, RecordingState, type Recording } from '../gen/synctv/v1/recordings_pb'
import { StreamSchema, StreamState } from '../gen/synctv/v1/streams_pb'
import { speak } from '../i18n'
import { en } from '../i18n/en'
import { ApiError } from '../net/errors'
import type { Api } from '../net/api'
import { merge, publishes, Recorded, refusal, saveUrl, size, standing, when, type Listed } from './recorded'

const rec = (n: number, init: Partial<Recording> = {}): Recording =>
  create(RecordingSchema, { id: `rec_${n}`, startedMs: n * 1000, state: RecordingState.COMPLETE, title: 'Songs', ...init } as never)
const ids = (l: Listed | null) => l?.list.map((r) => r.id.slice(4)).join(' ')

describe('merge', () => {
  const page = (cursor: string, ...ns: number[]): Listed => ({ list: ns.map((n) => rec(n)), cursor })
  it.each([
    ['the first look', null, page('', 3, 2), '3 2', ''],
    ['a new one comes on top', page('', 2, 1), page('', 3, 2, 1), '3 2 1', ''],
    ['one is gone', page('', 3, 2, 1), page('', 3, 1), '3 1', ''],
    ['all are gone', page('', 3), page(''), '', ''],
    ['what was loaded further down stays', page('c2', 6, 5, 4, 3), page('c1', 7, 6, 5), '7 6 5 4 3', 'c2'],
    ['one within the page is gone, the rest stays', page('c2', 6, 5, 4, 3), page('c1', 6, 4), '6 4 3', 'c2'],
    ['nothing was loaded further down', page('c1', 6, 5), page('c1b', 7, 6), '7 6 5', 'c1'],
    ['the page is all there is', page('c2', 6, 5, 4, 3), page('', 6, 5), '6 5', ''],
  ])('%s', (_, known, newest, list, cursor) => {
    const m = merge(known, newest)
    expect([ids(m), m.cursor]).toEqual([list, cursor])
  })
})

describe('words', () => {
  beforeEach(() => speak('en', en))
  it.each([[0, ''], [40_000, '0.0 MB'], [3_440_000, '3.4 MB'], [84_200_000, '84 MB'], [999_600_000, '1.0 GB'], [12_340_000_000, '12 GB']])('%d bytes', (n, text) => {
    expect(size(n)).toBe(text)
  })
  it.each([
    ['complete', rec(1, { durationMs: 754_000, sizeBytes: 84e6 }), '12:34 · 84 MB'],
    ['being made', rec(1, { state: RecordingState.RECORDING, durationMs: 8000, sizeBytes: 1.2e6 }), 'Recording · 0:08 · 1.2 MB'],
    ['just begun', rec(1, { state: RecordingState.RECORDING }), 'Recording'],
    ['lost', rec(1, { state: RecordingState.LOST, durationMs: 8000 }), 'Its file is gone'],
  ])('%s', (_, r, text) => expect(standing(r)).toBe(text))
  it('says when', () => {
    const at = new Date(2026, 4, 3, 20, 41).getTime()
    expect(when(rec(1, { startedMs: at }), at + 3_600_000)).toBe('Today 20:41')
  })
})

it('saves from the same address', () => {
  expect(saveUrl('https://h/live/recordings/rec_1.mp4?token=a')).toBe('https://h/live/recordings/rec_1.mp4?token=a&download=1')
  expect(saveUrl('https://h/x.mp4')).toBe('https://h/x.mp4?download=1')
})

it('can be recorded while a publisher is there or expected back', () => {
  const states = [StreamState.IDLE, StreamState.CONNECTING, StreamState.LIVE, StreamState.RECONNECTING]
  expect(states.map((state) => publishes(create(StreamSchema, { state })))).toEqual([false, false, true, true])
})

it('knows refusals', () => {
  expect(['unsupported', 'conflict', 'rate_limited'].map((c) => refusal(new ApiError(c, '')))).toEqual(['recordOff', 'recordIdle', null])
})

describe('Recorded', () => {
  let pages: Record<string, { recordings: Recording[]; page?: { nextCursor: string } }>
  let calls: string[]
  let broken = false
  const call = vi.fn(async (method: { name: string }, init: Record<string, unknown>) => {
    const cursor = (init['page'] as { cursor: string } | undefined)?.cursor
    calls.push(method.name + (cursor ? ` ${cursor}` : ''))
    if (broken) throw new ApiError('network', '')
    if (method.name === 'ListRecordings') return pages[cursor ?? '']
    if (method.name === 'DeleteRecording') pages[''] = { recordings: [rec(4)] }
    if (method.name === 'GetRecording') return rec(1, { playUrl: 'https://h/new?token=b', expiresMs: 9e12 })
    return create(StreamSchema, { id: 'str_1', recording: method.name === 'StartRecording' })
  })
  let r: Recorded
  const listings = () => calls.filter((c) => c === 'ListRecordings').length
  const passes = async (ms: number) => void (await vi.advanceTimersByTimeAsync(ms))

  beforeEach(() => {
    vi.useFakeTimers()
    broken = false
    calls = []
    pages = { '': { recordings: [rec(5), rec(4)], page: { nextCursor: 'c1' } }, c1: { recordings: [rec(4), rec(3)], page: { nextCursor: '' } } }
    r = new Recorded({ call } as unknown as Api, 'str_1')
  })
  afterEach(() => {
    r.stop()
    vi.useRealTimers()
  })

  it('pages, and does not show one twice', async () => {
    await r.refresh()
    await r.more()
    expect([ids(r.listed.value), r.listed.value?.cursor]).toEqual(['5 4 3', ''])
    await r.more()
    expect(calls).toEqual(['ListRecordings', 'ListRecordings c1'])
  })
  it('looks seldom while nothing happens, often while it records, never when stopped', async () => {
    await r.refresh()
    await passes(14_000)
    expect(listings()).toBe(1)
    await passes(2000)
    expect(listings()).toBe(2)
    await r.start()
    await passes(10_000)
    expect(listings()).toBe(6)
    await r.end()
    pages[''] = { recordings: [rec(6, { state: RecordingState.RECORDING })] }
    await passes(15_100)
    const before = listings()
    await passes(6000)
    expect(listings()).toBe(before + 2)
    r.stop()
    await passes(60_000)
    expect(listings()).toBe(before + 2)
  })
  it('forgets what was deleted at once, whatever was on its way', async () => {
    await r.refresh()
    const late = r.refresh()
    await r.remove(r.listed.value?.list[0] as Recording)
    expect(ids(r.listed.value)).toBe('4')
    await late
    expect(ids(r.listed.value)).toBe('4')
  })
  it('keeps what it knows when a look fails, and says so when it knows nothing', async () => {
    broken = true
    await r.refresh()
    expect(r.error.value).toBeInstanceOf(ApiError)
    broken = false
    await r.refresh()
    broken = true
    await r.refresh()
    expect([r.error.value, ids(r.listed.value)]).toEqual([null, '5 4'])
  })
  it('asks for a new address when the old one is about to end', async () => {
    const old = rec(1, { playUrl: 'https://h/old?token=a', expiresMs: 100_000 })
    expect(await r.savedFrom(old, 10_000)).toBe('https://h/old?token=a&download=1')
    expect(await r.savedFrom(old, 50_000)).toBe('https://h/new?token=b&download=1')
  })
})
