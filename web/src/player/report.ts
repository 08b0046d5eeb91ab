// The sync engine's report as the wire carries it.

import { create } from '@bufbuild/protobuf'
import { PlayerState, ReportSchema, type Report } from '../gen/synctv/v1/realtime_pb'
import type { Activity, Report as Said } from '../sync'

const states: Record<Activity, PlayerState> = {
  playing: PlayerState.PLAYING, paused: PlayerState.PAUSED, loading: PlayerState.LOADING,
  stalled: PlayerState.STALLED, away: PlayerState.AWAY, error: PlayerState.ERROR,
}

export function toWire(r: Said): Report {
  const { activity, oneWayMs: _, stalledSinceMs: __, ...rest } = r
  return create(ReportSchema, { ...rest, state: states[activity] })
}
