// From what the player does to the words on the pill. Pure but for the language.

import type { Connection } from '../room/contract'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { Person } from '../gen/synctv/v1/realtime_pb'
import type { Status } from '../sync/controller'
import { names, say } from './strings'
import type { PillView, Tone } from './view'

export interface PillFacts {
  connection: Connection
  playback: Playback | null
  people: readonly Person[]
  status: Status | null
  clockReady: boolean
  soundBlocked: boolean
  localPause: boolean
  free: boolean
  ended: boolean
  failed: boolean
  /** The element could play on. */
  loaded: boolean
  holdLeftMs: number
  /** Below this an error is nothing to speak of. */
  calmMs: number
}

const shown = (state: string, tone: Tone, text: string, detail = ''): PillView => ({ state, tone, text, detail })

export function pillOf(f: PillFacts): PillView {
  const { connection: c, playback: p, status: s } = f
  if (c.state === 'closed') return shown('offline', 'bad', say('offline'))
  if (c.state === 'reconnecting') return shown('reconnecting', 'bad', say('reconnecting'), c.attempt > 1 ? String(c.attempt) : '')
  if (!p || !p.mediaId || !s) return shown('idle', 'quiet', say('idle'))
  if (f.soundBlocked) return shown('sound', 'bad', say('soundBlocked'))
  if (f.localPause) return shown('local', 'wait', say('youPaused'))
  if (f.free) return shown('free', 'quiet', say('freeMode'))
  if (f.failed) return shown('failed', 'bad', say('cannotPlay'))
  if (p.hold) return waiting(p.hold.waiting, f)
  if (f.ended) return shown('ended', 'quiet', say('ended'))
  if (!p.playing) return shown('paused', 'quiet', p.setByName ? say('pausedBy', { name: p.setByName }) : say('paused'))
  if (!f.loaded || s.stalledSinceMs !== null) return shown('loading', 'wait', say('loading'))
  if (p.live) return shown('live', 'ok', say('followsLive'))
  if (!f.clockReady) return shown('measuring', 'wait', say('measuring'))
  return moving(s, f.calmMs)
}

function moving(s: Status, calmMs: number): PillView {
  if (s.seeking) return shown('catching', 'wait', say('catchingUp'))
  if (s.phase !== 'running') return shown('starting', 'wait', say('starting'))
  if (s.errorMs === null) return shown('sync', 'ok', say('inSync'))
  const ms = Math.round(s.errorMs)
  if (Math.abs(s.errorMs) < calmMs) return shown('sync', 'ok', say('inSync'), `${Math.abs(ms)} ms`)
  const far = Math.abs(ms) >= 10_000 ? `${Math.round(ms / 1000)} s` : `${ms} ms`
  return shown('adjusting', 'wait', say('adjusting'), ms > 0 ? `+${far}` : far)
}

function waiting(sessions: readonly string[], f: PillFacts): PillView {
  const who = [...new Set(sessions.map((id) => f.people.find((q) => q.sessionId === id)?.name ?? '').filter(Boolean))]
  const text = who.length === 0 ? say('waiting') : who.length > 2 ? say('waitingFew', { n: who.length }) : say('waitingFor', { names: names(who) })
  return shown('waiting', 'wait', text, `${Math.max(0, Math.ceil(f.holdLeftMs / 1000))} s`)
}
