import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { StreamMediaSchema, StreamSchema, StreamState, type StreamMedia } from '../gen/synctv/v1/streams_pb'
import { check, facts } from './check'

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

describe('facts', () => {
  it('names what is known', () => {
    expect(facts(live({}))).toEqual(['H.264', '1280×720', '30 fps', '2.4 Mbit/s', 'AAC'])
    expect(facts(live({ videoCodec: '', width: 0, frameRate: 0, bitsPerSecond: 96_000 }))).toEqual(['96 kbit/s', 'AAC'])
    expect(facts(create(StreamSchema, { state: StreamState.IDLE }))).toEqual([])
  })
})
