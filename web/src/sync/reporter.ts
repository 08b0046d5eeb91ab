import type { ClockQuality } from './clock'
import type { Local, Status } from './controller'
import type { PlaybackState } from './model'
import type { Player } from './player'

/** What the player does, as the room sees it. */
export type Activity = 'playing' | 'paused' | 'loading' | 'stalled' | 'away' | 'error'

/** One report of this session, in milliseconds. */
export interface Report {
  readonly activity: Activity
  readonly mediaId: string
  readonly positionMs: number
  /** Positive is ahead of the room; 0 when not known. */
  readonly errorMs: number
  readonly rttMs: number
  readonly oneWayMs: number
  readonly jitterMs: number
  readonly clockErrorMs: number
  readonly bufferedMs: number
  /** What a jump beyond the buffer takes here. */
  readonly loadMs: number
  /** Highest revision this player could play, or stand at, right now. 0: none yet. */
  readonly readyRevision: number
  /** Page time since which the player has been dry, or null. */
  readonly stalledSinceMs: number | null
  /** The viewer does not follow the room at the moment. */
  readonly free: boolean
  /** 0 when not known. */
  readonly durationMs: number
}

export interface ReportInputs {
  readonly status: Status
  readonly state: PlaybackState | null
  readonly local: Local
  readonly clock: ClockQuality
  readonly loadMs: number
  /** Null while no source is attached. */
  readonly player: Player | null
  /** The page is hidden and the player does not play. */
  readonly away?: boolean
  /** The source cannot be played here. */
  readonly failed?: boolean
}

const everyMs = 1000
const soonMs = 150

/**
 * Says once a second how this session is doing, and at once when it becomes ready or runs dry, because others may be
 * waiting for exactly that.
 */
export class Reporter {
  private sentAt = -Infinity
  private last: Report | null = null

  /** The report to send now, or null. Call it after every tick of the controller. */
  tick(now: number, inputs: ReportInputs): Report | null {
    const r = describe(inputs, this.last)
    // The room may be waiting for exactly this, and it happens once a revision: it waits for nothing.
    const ready = this.last !== null && r.readyRevision !== this.last.readyRevision
    const changed = this.last !== null && r.activity !== this.last.activity
    if (!ready && now - this.sentAt < (changed ? soonMs : everyMs)) return null
    this.sentAt = now
    this.last = r
    return r
  }

  /** After a reconnect: report at once, as if for the first time. */
  restart(): void {
    this.sentAt = -Infinity
    this.last = null
  }
}

function describe(i: ReportInputs, last: Report | null): Report {
  const p = i.player
  const s = i.state
  const ms = (v: number | undefined) => (v !== undefined && Number.isFinite(v) && v > 0 ? v * 1000 : 0)
  return {
    activity: activity(i),
    mediaId: p && s ? s.mediaId : '',
    positionMs: ms(p?.position()),
    errorMs: i.status.errorMs ?? 0,
    rttMs: i.clock.rttMs,
    oneWayMs: i.clock.oneWayMs,
    jitterMs: i.clock.jitterMs,
    clockErrorMs: i.clock.errorMs,
    bufferedMs: ms(p?.bufferedAhead),
    loadMs: i.loadMs,
    readyRevision: i.status.ready && s ? s.revision : (last?.readyRevision ?? 0),
    stalledSinceMs: i.status.stalledSinceMs,
    free: i.local !== 'follow',
    durationMs: s?.live ? 0 : ms(p?.duration),
  }
}

function activity(i: ReportInputs): Activity {
  if (i.failed) return 'error'
  if (i.away) return 'away'
  const { phase, ready, stalledSinceMs } = i.status
  if (stalledSinceMs !== null) return 'stalled'
  switch (phase) {
    case 'running': return 'playing'
    case 'standing': return ready ? 'paused' : 'loading'
    case 'meeting': return ready && i.status.blocked ? 'paused' : 'loading'
    case 'local': return i.player && !i.player.paused ? 'playing' : 'paused'
    case 'idle': return i.state === null || i.state.mediaId === '' ? 'paused' : 'loading'
  }
}
