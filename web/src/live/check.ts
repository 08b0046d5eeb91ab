// What is to be said of an encoder's connection: how it stands, what it sends, and what is wrong with that. Pure.

import { StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { tell, type LiveWord } from './words'

/** new: it has just begun, and too little came to judge it. */
export type Verdict = 'none' | 'refused' | 'opening' | 'new' | 'on' | 'but' | 'bad' | 'back'

export interface Finding {
  /** bad: people will not see or hear it; hint: it could be better. */
  level: 'bad' | 'hint'
  word: LiveWord
  params?: Record<string, string | number>
}

export interface Check {
  verdict: Verdict
  findings: Finding[]
}

/** Whether this browser plays a codec, by the name the server gives it. */
export type Plays = (codec: string) => boolean

const longKeyFramesS = 4
const heavyBits = 9_000_000
const slowFrames = 15
/** Less of each second than this arrives in it: viewers wait. */
const slowPace = 0.93
/** An encoder that sent more before, and now less than this part of it, does not keep up. */
const slowPart = 0.6
/** The first seconds are counted in part. */
const settleMs = 8000
const everywhere = new Set(['H.264', 'AAC', 'MP3', ''])

const refusals: Record<string, LiveWord> = { unknown_key: 'unknown_key', wrong_key: 'wrong_key', ended_key: 'ended_key', forbidden: 'forbidden' }

/** What was seen of a broadcast so far: the server does not tell how many frames an encoder means to send. */
export interface Past {
  /** Since when it comes without a break, by the server's clock. */
  readonly sinceMs: number
  /** The most frames a second once it had settled. */
  readonly frames: number
  /** What the picture is; another one is another beginning. */
  readonly picture: string
}

export const noPast: Past = { sinceMs: 0, frames: 0, picture: '' }

/** The past with one more look. The same look twice is one. */
export function remember(past: Past, s: Stream): Past {
  if (s.state !== StreamState.LIVE) return { ...noPast, sinceMs: s.nowMs }
  const m = s.media
  const picture = m ? `${m.videoCodec} ${m.width}×${m.height}` : ''
  const other = past.picture !== '' && past.picture !== picture
  const sinceMs = other ? s.nowMs : Math.max(past.sinceMs, s.liveSinceMs)
  const before = other ? 0 : past.frames
  return { sinceMs, picture, frames: s.nowMs - sinceMs > settleMs ? Math.max(before, m?.frameRate ?? 0) : before }
}

/** Looks at a stream as somebody does who is about to publish it. */
export function check(s: Stream, plays: Plays, past = noPast): Check {
  if (s.state === StreamState.RECONNECTING) return { verdict: 'back', findings: refused(s) }
  if (s.state !== StreamState.LIVE) {
    const findings = refused(s)
    return { verdict: findings.length > 0 ? 'refused' : 'none', findings }
  }
  const m = s.media
  if (!m || (m.videoCodec === '' && m.audioCodec === '')) return { verdict: 'opening', findings: [] }
  const findings = [...codecs(m.videoCodec, m.audioCodec, plays)]
  if (m.videoCodec === '') findings.push({ level: 'hint', word: 'noPicture' })
  if (m.audioCodec === '') findings.push({ level: 'hint', word: 'noSound' })
  if (m.keyFrameSeconds > longKeyFramesS) findings.push({ level: 'hint', word: 'keyFrames', params: { n: Math.round(m.keyFrameSeconds) } })
  if (m.bitsPerSecond > heavyBits) findings.push({ level: 'hint', word: 'heavy', params: { n: Math.round(m.bitsPerSecond / 1e6) } })
  const few = m.videoCodec === '' ? [] : frames(m.frameRate, past.frames)
  const settled = s.nowMs - Math.max(s.liveSinceMs, past.sinceMs) > settleMs
  if (settled) findings.push(...few)
  if (settled && m.pace > 0 && m.pace < slowPace) findings.push({ level: 'hint', word: 'behind', params: { n: Math.round(m.pace * 100) } })
  const bad = findings.some((f) => f.level === 'bad')
  return { verdict: bad ? 'bad' : findings.length > 0 ? 'but' : few.length > 0 ? 'new' : 'on', findings }
}

/** An encoder that does not keep up: its computer is too slow, or busy with something else. */
function frames(now: number, before: number): Finding[] {
  const n = Math.round(now)
  if (now <= 0) return [{ level: 'bad', word: 'frozen' }]
  if (now < slowPart * before) return [{ level: 'hint', word: 'slower', params: { n: Math.max(1, n), of: Math.round(before) } }]
  return n < slowFrames ? [{ level: 'hint', word: 'slow', params: { n: Math.max(1, n) } }] : []
}

function refused(s: Stream): Finding[] {
  const word = refusals[s.refused?.reason ?? '']
  return word ? [{ level: 'bad', word }] : []
}

function codecs(video: string, audio: string, plays: Plays): Finding[] {
  const out: Finding[] = []
  if (video === 'HEVC') out.push(plays(video) ? { level: 'hint', word: 'hevc' } : { level: 'bad', word: 'hevcHere' })
  for (const codec of [video, audio]) {
    if (codec !== 'HEVC' && !everywhere.has(codec)) out.push({ level: plays(codec) ? 'hint' : 'bad', word: 'rare', params: { codec } })
  }
  return out
}

/** "H.264", "1280×720", "30 fps", "2.4 Mbit/s", "AAC": what is known, in this order. */
export function facts(s: Stream): string[] {
  const m = s.media
  if (!m || s.state !== StreamState.LIVE) return []
  const rate = m.bitsPerSecond
  return [
    m.videoCodec === 'HEVC' ? 'H.265' : m.videoCodec,
    m.width > 0 ? `${m.width}×${m.height}` : '',
    m.frameRate > 0 ? tell('fps', { n: Math.round(m.frameRate) }) : '',
    rate >= 1e6 ? tell('mbits', { n: (rate / 1e6).toFixed(1) }) : rate > 0 ? tell('kbits', { n: Math.round(rate / 1000) }) : '',
    m.audioCodec,
  ].filter(Boolean)
}

/** Codec strings that stand for a codec when a browser is asked. */
const samples: Record<string, string> = {
  'H.264': 'video/mp4; codecs="avc1.64001f"', HEVC: 'video/mp4; codecs="hvc1.1.6.L93.B0"', AV1: 'video/mp4; codecs="av01.0.04M.08"', VP9: 'video/mp4; codecs="vp09.00.10.08"',
  AAC: 'audio/mp4; codecs="mp4a.40.2"', Opus: 'audio/mp4; codecs="opus"', MP3: 'audio/mpeg', 'AC-3': 'audio/mp4; codecs="ac-3"', 'E-AC-3': 'audio/mp4; codecs="ec-3"', FLAC: 'audio/mp4; codecs="flac"',
}

/** Asks this browser. */
export const playsHere: Plays = (codec) => {
  const type = samples[codec]
  return type === undefined || typeof MediaSource === 'undefined' || MediaSource.isTypeSupported(type)
}
