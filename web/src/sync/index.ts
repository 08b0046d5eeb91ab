// The sync engine: pure TypeScript without DOM, Date or network. The page gives it a player, ping answers, states from the
// socket and the time; it gives back commands to the player, reports and what to show.

export { Clock } from './clock'
export type { ClockQuality, ClockSample } from './clock'
export { Controller } from './controller'
export type { ControllerOptions, Local, Phase, Status } from './controller'
export type { Band, Mode } from './bands'
export { Latencies } from './latency'
export type { StoredLatencies } from './latency'
export { isMoving, Model, positionAt, roomRate, stateHash } from './model'
export type { Accepted, HoldState, PlaybackState } from './model'
export { pill } from './pill'
export type { Pill, PillInputs, PillKind } from './pill'
export type { Player } from './player'
export { Reporter } from './reporter'
export type { Activity, Report, ReportInputs } from './reporter'
export { Trace } from './trace'
export type { TraceEntry } from './trace'
