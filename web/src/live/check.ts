// What is to be said of an encoder's connection: how it stands, what it sends, and what is wrong with that. Pure.

import { StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { tell, type LiveWord } from './words'

export type Verdict = 'none' | 'refused' | 'opening' | 'on' | 'but' | 'bad' | 'back'

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
/** The first seconds are counted in part. */
const settleMs = 8000
const everywhere = new Set(['H.264', 'AAC', 'MP3', ''])

const refusals: Record<string, LiveWord> = { unknown_key: 'unknown_key', wrong_key: 'wrong_key', ended_key: 'ended_key', forbidden: 'forbidden' }

/** Looks at a stream as somebody does who is about to publish it. */
export function check(s: Stream, plays: Plays): Check {
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
  const settled = s.nowMs - s.liveSinceMs > settleMs
  if (settled && m.videoCodec !== '' && m.frameRate > 0 && m.frameRate < slowFrames) findings.push({ level: 'hint', word: 'slow', params: { n: Math.round(m.frameRate) } })
  const bad = findings.some((f) => f.level === 'bad')
  return { verdict: bad ? 'bad' : findings.length > 0 ? 'but' : 'on', findings }
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
