// What this player says of itself once a second.

import { create } from '@bufbuild/protobuf'
import { PlayerState, ReportSchema, type Report } from '../gen/synctv/v1/realtime_pb'
import type { ClockQuality } from '../sync/clock'
import type { Status } from '../sync/controller'

export interface ReportFacts {
  status: Status
  mediaId: string
  /** Revision the status speaks of. */
  revision: number
  positionMs: number
  durationMs: number
  bufferedMs: number
  /** readyState of the element; 2 and more has a picture. */
  readyState: number
  paused: boolean
  failed: boolean
  free: boolean
  localPause: boolean
  hidden: boolean
  clock: ClockQuality
}

/** The state in one word. */
export function stateOf(f: ReportFacts): PlayerState {
  if (f.failed) return PlayerState.ERROR
  if (f.hidden && f.paused) return PlayerState.AWAY
  if (!f.mediaId) return PlayerState.PAUSED
  if (f.status.stalledSinceMs !== null) return PlayerState.STALLED
  if (f.readyState < 2 || (f.status.phase === 'meeting' && !f.status.ready)) return PlayerState.LOADING
  return f.paused ? PlayerState.PAUSED : PlayerState.PLAYING
}

export function makeReport(f: ReportFacts): Report {
  return create(ReportSchema, {
    state: stateOf(f),
    mediaId: f.mediaId,
    positionMs: f.positionMs,
    errorMs: f.status.errorMs ?? 0,
    rttMs: f.clock.rttMs,
    jitterMs: f.clock.jitterMs,
    clockErrorMs: f.clock.errorMs,
    bufferedMs: f.bufferedMs,
    durationMs: f.durationMs,
    free: f.free || f.localPause,
    readyRevision: f.status.ready ? f.revision : 0,
  })
}
