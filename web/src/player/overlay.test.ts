import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { MediaSchema } from '../gen/synctv/v1/media_pb'
import { HoldSchema, PlaybackSchema } from '../gen/synctv/v1/playback_pb'
import { PersonSchema } from '../gen/synctv/v1/realtime_pb'
import { chooseOverlay, type Situation } from './overlay'
import { toLine } from './danmaku'
import { MessageSchema } from '../gen/synctv/v1/chat_pb'
import { pick } from './useSubtitles'

const playback = create(PlaybackSchema, { mediaId: 'm', playing: true })
const hold = create(HoldSchema, { waiting: ['s1', 's2', 's3', 'gone'], untilMs: 5 })
const people = ['Ana', 'Bo', 'Ana'].map((name, i) => create(PersonSchema, { sessionId: `s${i + 1}`, name }))
const calm: Situation = {
  connection: { state: 'open' }, playback, current: create(MediaSchema, { id: 'm' }), people, load: { phase: 'idle' },
  ready: true, stalled: false, ended: false, localPause: false, free: false, soundBlocked: false, phase: 'unknown', gaveUp: false, standing: false,
}
const live = { current: create(MediaSchema, { id: 'm', live: true }) }
const failed = (kind: 'codec' | 'missing') => ({ phase: 'failed' as const, mediaId: 'm', source: null, fault: { kind } })

describe('chooseOverlay', () => {
  it.each<[string, Partial<Situation>]>([
    ['none', {}], ['connecting', { playback: null }], ['none', { playback: null, connection: { state: 'closed', code: '', message: '', mayReturn: false } }],
    ['empty', { playback: create(PlaybackSchema, {}) }], ['removed', { current: null }], ['error', { load: failed('codec') }],
    ['sound', { soundBlocked: true, stalled: true }], ['local', { localPause: true, stalled: true }], ['ended', { ended: true }],
    ['loading', { ready: false }], ['buffering', { stalled: true }],
    ['loading', { ...live, load: failed('missing'), phase: 'live' }], ['liveFailed', { ...live, load: failed('missing'), phase: 'live', gaveUp: true }],
    ['error', { ...live, load: failed('codec'), phase: 'live' }], ['liveWait', { ...live, load: failed('missing'), phase: 'waiting' }],
    ['liveBack', { ...live, stalled: true, phase: 'reconnecting' }], ['none', { ...live, phase: 'reconnecting' }],
    ['liveOver', { ...live, load: failed('missing'), phase: 'ended' }], ['liveGone', { ...live, phase: 'gone', soundBlocked: true }],
    ['sound', { ...live, phase: 'live', soundBlocked: true }],
    ['none', { free: true, playback: create(PlaybackSchema, { mediaId: 'm', hold }) }],
  ])('%s for %o', (kind, change) => expect(chooseOverlay({ ...calm, ...change }).kind).toBe(kind))

  it('names each person once, and knows those who have left', () => {
    const s = { ...calm, playback: create(PlaybackSchema, { mediaId: 'm', hold }) }
    expect(chooseOverlay(s)).toEqual({ kind: 'waiting', names: ['Ana', 'Bo'], more: 0 })
  })
})

describe('small choices', () => {
  it('a dark danmaku becomes white, an own one is marked', () => {
    const m = create(MessageSchema, { id: 'x', personId: 'me', text: 'hi', danmaku: { color: 0x00ff00, positionMs: 5 } })
    expect(toLine(m, 'me')).toMatchObject({ color: '#00ff00', own: true, kind: 'scroll', atMs: 5 })
    expect(toLine(create(MessageSchema, { danmaku: { color: 0 } }), '')).toMatchObject({ color: '#ffffff', own: false })
  })
  it('a remembered subtitle is found by name, then by language', () => {
    const list = [{ label: 'A', language: 'en' }, { label: 'B', language: 'zh-CN' }].map((s) => ({ ...s, url: '', format: '' })) as never
    expect(pick(list, 'zh-CN|B')).toBe(1)
    expect(pick(list, 'en|Other')).toBe(0)
    expect(pick(list, 'fr|X')).toBe(-1)
    expect(pick(list, '')).toBe(-1)
    expect(pick(list, null)).toBe(-1)
  })
})
