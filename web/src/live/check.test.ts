import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { StreamMediaSchema, StreamSchema, StreamState, type StreamMedia } from '../gen/synctv/v1/streams_pb'
import { check, facts, noPast, remember, type Past } from './check'

const fine = { videoCodec: 'H.264', audioCodec: 'AAC', width: 1280, height: 720, frameRate: 30, bitsPerSecond: 2_400_000, keyFrameSeconds: 2 }
const live = (media: Partial<StreamMedia>) => create(StreamSchema, { state: StreamState.LIVE, liveSinceMs: 1000, nowMs: 60_000, media: create(StreamMediaSchema, { ...fine, ...media } as never) })
const all = () => true
const old = (codec: string) => codec !== 'HEVC' && codec !== 'AV1'

describe('check', () => {
  it.each([
    ['all is well', live({}), all, 'on', []],
    ['H.265 where it plays', live({ videoCodec: 'HEVC' }), all, 'but', ['hevc']],
    ['H.265 where it does not', live({ videoCodec: 'HEVC' }), old, 'bad', ['hevcHere']],
    ['AV1 where it does not', live({ videoCodec: 'AV1' }), old, 'bad', ['rare']],
    ['Opus', live({ audioCodec: 'Opus' }), all, 'but', ['rare']],
    ['no sound', live({ audioCodec: '' }), all, 'but', ['noSound']],
    ['no picture', live({ videoCodec: '', width: 0, frameRate: 0 }), all, 'but', ['noPicture']],
    ['key frames far apart', live({ keyFrameSeconds: 10.1 }), all, 'but', ['keyFrames']],
    ['key frames at the limit', live({ keyFrameSeconds: 4 }), all, 'on', []],
    ['too many bits', live({ bitsPerSecond: 20e6 }), all, 'but', ['heavy']],
    ['too few frames', live({ frameRate: 8 }), all, 'but', ['slow']],
    ['too few frames, rounded', live({ frameRate: 14.8 }), all, 'on', []],
    ['no frames any more', live({ frameRate: 0 }), all, 'bad', ['frozen']],
    ['slower than what it sends', live({ pace: 0.8 }), all, 'but', ['behind']],
    ['as fast as what it sends', live({ pace: 0.97 }), all, 'on', []],
    ['one frame in two seconds', live({ frameRate: 0.5 }), all, 'but', ['slow']],
    ['sound alone needs no frames', live({ videoCodec: '', frameRate: 0 }), all, 'but', ['noPicture']],
    ['connected, nothing sent', live({ videoCodec: '', audioCodec: '' }), all, 'opening', []],
    ['nobody', create(StreamSchema, { state: StreamState.IDLE }), all, 'none', []],
    ['a wrong key', create(StreamSchema, { state: StreamState.IDLE, refused: { reason: 'wrong_key', atMs: 1 } }), all, 'refused', ['wrong_key']],
    ['a reason we do not know', create(StreamSchema, { state: StreamState.IDLE, refused: { reason: 'new', atMs: 1 } }), all, 'none', []],
    ['lost', create(StreamSchema, { state: StreamState.RECONNECTING }), all, 'back', []],
    ['lost, and comes with an old key', create(StreamSchema, { state: StreamState.RECONNECTING, refused: { reason: 'ended_key' } }), all, 'back', ['ended_key']],
  ] as const)('%s', (_, stream, plays, verdict, words) => {
    const c = check(stream, plays)
    expect([c.verdict, ...c.findings.map((f) => f.word)]).toEqual([verdict, ...words])
  })
})

/** Looks at a broadcast every two seconds. */
function watch(rates: readonly (number | 'away' | 'tall')[]): ReturnType<typeof check>[] {
  let past: Past = noPast
  let size = fine.height
  return rates.map((rate, i) => {
    if (rate === 'tall') size = 1080
    const media = { frameRate: typeof rate === 'number' ? rate : 30, height: size }
    const s = live(media)
    s.nowMs = s.liveSinceMs + 2000 * i
    if (rate === 'away') s.state = StreamState.RECONNECTING
    past = remember(remember(past, s), s)
    return check(s, all, past)
  })
}

describe('an encoder that is watched', () => {
  it.each([
    ['begins: nothing is said before it has settled', [0, 9, 20, 28, 30, 30], 'on', []],
    ['is slow from the beginning', [0, 8], 'new', []],
    ['is slow, and stays so', [0, 8, 8, 8, 8, 8], 'but', ['slow']],
    ['falls behind', [30, 30, 30, 30, 30, 30, 17], 'but', ['slower']],
    ['falls far behind', [30, 30, 30, 30, 30, 30, 6], 'but', ['slower']],
    ['loses a few', [30, 30, 30, 30, 30, 30, 19], 'on', []],
    ['recovers', [30, 30, 30, 30, 30, 30, 10, 29], 'on', []],
    ['sends a burst first', [60, 60, 30, 30, 30, 30, 30], 'on', []],
    ['comes back with fewer', [60, 60, 60, 60, 60, 60, 'away', 30, 30, 30, 30, 30], 'on', []],
    ['comes back, and is counted in part', [30, 30, 30, 30, 30, 30, 'away', 8], 'new', []],
    ['changes its picture', [60, 60, 60, 60, 60, 60, 'tall', 30, 30, 30, 30, 30], 'on', []],
    ['stops', [30, 30, 30, 30, 30, 30, 0], 'bad', ['frozen']],
  ] as const)('%s', (_, rates, verdict, words) => {
    const c = watch(rates).at(-1)
    expect([c?.verdict, ...(c?.findings.map((f) => f.word) ?? [])]).toEqual([verdict, ...words])
  })
  it('tells what it was', () => {
    expect(watch([30, 30, 30, 30, 30, 30, 12.4]).at(-1)?.findings[0]?.params).toEqual({ n: 12, of: 30 })
  })
})

describe('facts', () => {
  it('names what is known', () => {
    expect(facts(live({}))).toEqual(['H.264', '1280×720', '30 fps', '2.4 Mbit/s', 'AAC'])
    expect(facts(live({ videoCodec: '', width: 0, frameRate: 0, bitsPerSecond: 96_000 }))).toEqual(['96 kbit/s', 'AAC'])
    expect(facts(create(StreamSchema, { state: StreamState.IDLE }))).toEqual([])
  })
})
