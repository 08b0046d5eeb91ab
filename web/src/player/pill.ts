// From what the sync engine says of itself to the words on the pill.

import { pill, type Local, type Pill, type PlaybackState, type Status } from '../sync'
import type { Connection } from '../room/contract'
import type { Person } from '../gen/synctv/v1/realtime_pb'
import { names, say } from './strings'
import type { Phase } from '../live/watch'
import type { PillView, Tone } from './view'

export interface PillFacts {
  connection: Connection
  state: PlaybackState | null
  /** Name of the person who set the state, "" for the room itself. */
  setByName: string
  people: readonly Person[]
  status: Status | null
  local: Local
  soundBlocked: boolean
  ended: boolean
  failed: boolean
  clockReady: boolean
  serverMs: number
  /** Below this an error is nothing to speak of: the band of the viewer's mode. */
  calmMs: number
  /** The seat before a live stream. */
  seat: { phase: Phase; latencyMs: number | null; targetMs: number; away: boolean }
}

/** Within this of the common distance a live stream is where it should be. */
const withEveryoneMs = 250

const view = (state: string, tone: Tone, text: string, detail = ''): PillView => ({ state, tone, text, detail })

export function pillOf(f: PillFacts): PillView {
  const c = f.connection
  const p = pill({ ...f, connection: c.state, attempt: c.state === 'reconnecting' ? c.attempt : 0 })
  if (p.kind === 'offline' || p.kind === 'reconnecting') return words(p, f)
  if (!f.state?.mediaId) return view('idle', 'quiet', say('idle'))
  if (f.state.live && f.local !== 'paused' && !f.soundBlocked) {
    const live = livePill(f)
    if (live) return live
  }
  if (f.failed) return view('failed', 'bad', say('cannotPlay'))
  if (f.soundBlocked) return view('sound_blocked', 'bad', say('soundBlocked'))
  if (f.ended && f.local === 'follow' && !f.state.hold) return view('ended', 'quiet', say('ended'))
  return words(p, f)
}

function words(p: Pill, f: PillFacts): PillView {
  switch (p.kind) {
    case 'offline': return view(p.kind, 'bad', say('offline'))
    case 'reconnecting': return view(p.kind, 'bad', say('reconnecting'), p.attempt > 1 ? String(p.attempt) : '')
    case 'sound_blocked': return view(p.kind, 'bad', say('soundBlocked'))
    case 'local_pause': return view(p.kind, 'wait', say('youPaused'))
    case 'free': return view(p.kind, 'quiet', say('freeMode'))
    case 'waiting': return view(p.kind, 'wait', waitText(p.waiting, f.people), `${p.waitSeconds} s`)
    case 'paused': return view(p.kind, 'quiet', f.setByName ? say('pausedBy', { name: f.setByName }) : say('paused'))
    case 'loading': return view(p.kind, 'wait', say(f.clockReady || !f.state?.playing ? 'loading' : 'measuring'))
    case 'catching_up': return view(p.kind, 'wait', say('catchingUp'), far(p.errorMs))
    case 'in_sync': return inSync(p.errorMs)
    case 'adjusting':
      if (p.errorMs === null || Math.abs(p.errorMs) < f.calmMs) return inSync(p.errorMs)
      return view(p.kind, 'wait', say('adjusting'), far(p.errorMs))
  }
}

/** What there is to say of a live stream; null when the usual words do. */
function livePill(f: PillFacts): PillView | null {
  const { phase, latencyMs, targetMs, away } = f.seat
  if (phase === 'waiting') return view('live_waiting', 'quiet', say('notLiveYet'))
  if (phase === 'connecting') return view('live_calls', 'wait', say('connecting'))
  if (phase === 'ended' || phase === 'gone') return view('live_ended', 'quiet', say('liveEnded'))
  if (phase === 'reconnecting') return view('live_back', 'wait', say('publisherBack'))
  if (f.failed || !f.state?.playing) return null
  if (latencyMs === null) return view('loading', 'wait', say('loading'))
  const detail = seconds(latencyMs)
  if (away) return view('live_away', 'wait', say('behindLive'), seconds(Math.max(0, latencyMs - targetMs)))
  if (Math.abs(latencyMs - targetMs) > withEveryoneMs) return view('live_adjusting', 'wait', say(latencyMs > targetMs ? 'catchingUp' : 'adjusting'), detail)
  return view('live', 'ok', say('withEveryone'), detail)
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`

function inSync(errorMs: number | null): PillView {
  return view('in_sync', 'ok', say('inSync'), errorMs === null ? '' : `${Math.round(Math.abs(errorMs))} ms`)
}

/** "+120 ms", or seconds when it is many. */
function far(errorMs: number | null): string {
  if (errorMs === null) return ''
  const ms = Math.round(errorMs)
  return `${ms > 0 ? '+' : ''}${Math.abs(ms) >= 10_000 ? `${Math.round(ms / 1000)} s` : `${ms} ms`}`
}

function waitText(sessions: readonly string[], people: readonly Person[]): string {
  const who = [...new Set(sessions.map((id) => people.find((q) => q.sessionId === id)?.name ?? '').filter(Boolean))]
  if (who.length === 0) return say('waiting')
  return who.length > 2 ? say('waitingFew', { n: who.length }) : say('waitingFor', { names: names(who) })
}
