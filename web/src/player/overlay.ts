// Which of the stage's states is shown over the picture: one at a time, the weightiest first. Pure.

import type { Connection } from '../room/contract'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { Media } from '../gen/synctv/v1/media_pb'
import type { Person } from '../gen/synctv/v1/realtime_pb'
import type { Phase } from '../live/watch'
import type { LoadState } from './source'

type Failed = Extract<LoadState, { phase: 'failed' }>

export type Overlay =
  | { kind: 'none' | 'connecting' | 'empty' | 'removed' | 'sound' | 'ended' | 'local' | 'loading' | 'buffering' }
  | { kind: 'liveWait' | 'liveCalls' | 'liveBack' | 'liveOver' | 'liveGone' | 'liveFailed' }
  | { kind: 'error'; failed: Failed }
  | { kind: 'waiting'; names: string[]; more: number }

/** Everything the choice depends on. */
export interface Situation {
  connection: Connection
  playback: Playback | null
  current: Media | null
  people: readonly Person[]
  load: LoadState
  ready: boolean
  stalled: boolean
  ended: boolean
  localPause: boolean
  free: boolean
  soundBlocked: boolean
  /** What becomes of a live stream of this server, and whether trying again was given up. */
  phase: Phase
  gaveUp: boolean
  /** The live picture stands, or is over. */
  standing: boolean
}

const maxNames = 3

export function chooseOverlay(s: Situation): Overlay {
  if (!s.playback) return { kind: s.connection.state === 'closed' ? 'none' : 'connecting' }
  if (!s.playback.mediaId) return { kind: 'empty' }
  if (!s.current) return { kind: 'removed' }
  const live = s.playback.live || s.current.live ? liveOverlay(s) : null
  if (live) return live
  if (s.load.phase === 'failed') return { kind: 'error', failed: s.load }
  if (s.soundBlocked) return { kind: 'sound' }
  if (s.localPause) return { kind: 'local' }
  if (s.playback.hold && !s.free) return waiting(s.playback.hold.waiting, s.people)
  if (s.ended) return { kind: 'ended' }
  if (s.load.phase === 'resolving' || !s.ready) return { kind: 'loading' }
  if (s.stalled) return { kind: 'buffering' }
  return { kind: 'none' }
}

/** What there is to say of a live stream before anything else; null when it plays, or loads, as a film does. */
function liveOverlay(s: Situation): Overlay | null {
  const dry = s.load.phase === 'failed' || !s.ready || s.stalled || s.standing
  switch (s.phase) {
    case 'waiting': return { kind: 'liveWait' }
    case 'connecting': return dry ? { kind: 'liveCalls' } : null
    case 'gone': return { kind: 'liveGone' }
    // What is in the buffer is shown to its end.
    case 'ended': return dry || s.load.phase !== 'open' ? { kind: 'liveOver' } : null
    case 'reconnecting': return dry ? { kind: 'liveBack' } : null
  }
  if (s.load.phase !== 'failed') return null
  const { kind } = s.load.fault
  if (kind === 'codec' || kind === 'blocked') return { kind: 'error', failed: s.load }
  if (kind === 'resolve' && s.load.source === null) return { kind: 'error', failed: s.load }
  return { kind: s.gaveUp ? 'liveFailed' : 'loading' }
}

/** Names behind session ids: each person once. */
function waiting(sessions: readonly string[], people: readonly Person[]): Overlay {
  const all = [...new Set(sessions.map((id) => people.find((p) => p.sessionId === id)?.name ?? '').filter(Boolean))]
  return { kind: 'waiting', names: all.slice(0, maxNames), more: Math.max(0, all.length - maxNames) }
}
