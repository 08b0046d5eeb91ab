// Which of the stage's states is shown over the picture: one at a time, the weightiest first. Pure.

import type { Connection } from '../room/contract'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { Media } from '../gen/synctv/v1/media_pb'
import type { Person } from '../gen/synctv/v1/realtime_pb'
import type { LoadState } from './source'

type Failed = Extract<LoadState, { phase: 'failed' }>

export type Overlay =
  | { kind: 'none' | 'connecting' | 'empty' | 'removed' | 'sound' | 'ended' | 'local' | 'loading' | 'buffering' | 'liveWait' }
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
}

const maxNames = 3

export function chooseOverlay(s: Situation): Overlay {
  if (!s.playback) return { kind: s.connection.state === 'closed' ? 'none' : 'connecting' }
  if (!s.playback.mediaId) return { kind: 'empty' }
  if (!s.current) return { kind: 'removed' }
  if (s.load.phase === 'failed') return s.current.live ? liveFailure(s.load) : { kind: 'error', failed: s.load }
  if (s.soundBlocked) return { kind: 'sound' }
  if (s.localPause) return { kind: 'local' }
  if (s.playback.hold && !s.free) return waiting(s.playback.hold.waiting, s.people)
  if (s.ended) return { kind: 'ended' }
  if (s.load.phase === 'resolving' || !s.ready) return { kind: 'loading' }
  if (s.stalled) return { kind: 'buffering' }
  return { kind: 'none' }
}

/** A live item without an address is one whose publisher has not come yet. */
function liveFailure(failed: Failed): Overlay {
  const { kind } = failed.fault
  return kind === 'codec' || kind === 'blocked' ? { kind: 'error', failed } : { kind: 'liveWait' }
}

/** Names behind session ids: each person once. */
function waiting(sessions: readonly string[], people: readonly Person[]): Overlay {
  const all = [...new Set(sessions.map((id) => people.find((p) => p.sessionId === id)?.name ?? '').filter(Boolean))]
  return { kind: 'waiting', names: all.slice(0, maxNames), more: Math.max(0, all.length - maxNames) }
}
