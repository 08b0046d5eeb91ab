import type { Local, Status } from './controller'
import type { PlaybackState } from './model'

/** What the pill beside the controls says. Text, colour and icon are the page's. */
export type PillKind =
  | 'in_sync' | 'adjusting' | 'catching_up' | 'loading' | 'waiting' | 'paused' | 'local_pause' | 'free'
  | 'sound_blocked' | 'reconnecting' | 'offline'

export interface Pill {
  readonly kind: PillKind
  /** Signed offset from the room in ms; positive is ahead. Null when not known. */
  readonly errorMs: number | null
  /** Factor on the room's rate. */
  readonly correction: number
  /** Sessions the room waits for, and for how long at most. */
  readonly waiting: readonly string[]
  readonly waitSeconds: number
  /** Member whose change is shown; empty: the room's own. */
  readonly by: string
  readonly attempt: number
}

export interface PillInputs {
  readonly status: Status | null
  readonly state: PlaybackState | null
  readonly local: Local
  readonly connection: 'open' | 'connecting' | 'reconnecting' | 'closed'
  readonly attempt?: number
  /** Server time now, for countdowns. */
  readonly serverMs: number
}

const inSyncMs = 40
const farMs = 600

/** Derives the pill from everything that is known; the first thing that keeps the viewer from being in sync wins. */
export function pill(i: PillInputs): Pill {
  const hold = i.state?.hold
  return {
    kind: kind(i),
    errorMs: i.status?.errorMs ?? null,
    correction: i.status?.correction ?? 1,
    waiting: hold?.waiting ?? [],
    waitSeconds: hold ? Math.max(0, Math.ceil((hold.untilMs - i.serverMs) / 1000)) : 0,
    by: i.state?.setBy ?? '',
    attempt: i.attempt ?? 0,
  }
}

function kind(i: PillInputs): PillKind {
  const st = i.status
  if (i.connection === 'closed') return 'offline'
  if (i.connection !== 'open') return i.state ? 'reconnecting' : 'loading'
  if (st?.blocked) return 'sound_blocked'
  if (i.local === 'paused') return 'local_pause'
  if (i.local === 'free') return 'free'
  if (!st || !i.state) return 'loading'
  if (i.state.mediaId === '') return 'paused'
  if (i.state.hold) return 'waiting'
  if (!i.state.playing) return st.phase === 'standing' ? 'paused' : 'loading'
  if (st.phase === 'idle' || st.stalledSinceMs !== null) return 'loading'
  if (st.phase === 'meeting') return st.ready ? 'catching_up' : 'loading'
  if (i.state.live) return 'in_sync'
  if (st.seeking || (st.errorMs !== null && Math.abs(st.errorMs) > farMs)) return 'catching_up'
  if (st.errorMs === null) return 'adjusting'
  return Math.abs(st.errorMs) < inSyncMs ? 'in_sync' : 'adjusting'
}
