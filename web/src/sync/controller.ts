// The controller makes one player do what the room does. It is driven by tick(), as often as every few milliseconds or as
// rarely as once a second, and says when it wants to be called next. It acts on what the room's state says now, never on
// the history of messages, so that lost, repeated and reordered messages do no harm.

import { Bands } from './bands'
import type { Mode } from './bands'
import type { Clock } from './clock'
import { Follow } from './follow'
import { Latencies } from './latency'
import { Meeting } from './meeting'
import type { Model, PlaybackState } from './model'
import { Pace } from './pace'
import type { Player } from './player'
import type { Gear } from './room'
import { baseRate, canPlay, nearEnd, setRate, targetMs } from './room'
import { Stand } from './stand'
import { Trace } from './trace'

/** How this viewer relates to the room: follows it, has paused here only, or goes his own way. */
export type Local = 'follow' | 'paused' | 'free'

/**
 * What the player is doing for the room. idle: nothing to play here. standing: paused or held, on the exact position.
 * meeting: paused, about to join the moving room. running: playing along. local: the viewer does not follow.
 */
export type Phase = 'idle' | 'standing' | 'meeting' | 'running' | 'local'

export interface Status {
  readonly phase: Phase
  /** Position minus the room's position in ms: positive is ahead. 0 when standing there. Null when not known. */
  readonly errorMs: number | null
  /** Factor on the room's rate, 1 when nothing is corrected. */
  readonly correction: number
  /** Page time since which the player has been dry while it should play, or null. */
  readonly stalledSinceMs: number | null
  readonly seeking: boolean
  /** The browser wants a gesture before it plays. */
  readonly blocked: boolean
  /** The player can do at once what the room's revision asks; report it as ready. */
  readonly ready: boolean
  /** 1, 2 or 4: how much wider than chosen the band is. */
  readonly widened: number
  readonly seekOnly: boolean
  /** Page time at which tick wants to be called again, at the latest. */
  readonly nextMs: number
}

export interface ControllerOptions {
  readonly model: Model
  readonly clock: Clock
  readonly latencies?: Latencies
  readonly trace?: Trace
  readonly mode?: Mode
}

const idleMs = 250
const interruptedLimit = 3

export class Controller {
  readonly latencies: Latencies
  readonly trace: Trace
  private readonly bands = new Bands()
  private readonly model: Model
  private readonly clock: Clock
  private readonly pace = new Pace()
  private readonly stand = new Stand()
  private readonly meeting = new Meeting()
  private readonly follow = new Follow()
  private gear: Gear | null = null
  private mediaId = ''
  private phase: Phase = 'idle'
  private how: Local = 'follow'
  private blocked = false
  private starting: symbol | null = null // the play() whose promise is still open
  private stalledSince: number | null = null
  private interruptions: number[] = []
  private ready = false
  private begun = { atMs: NaN, positionMs: NaN } // the scheduled start that the running player was started for
  private last: PlaybackState | null = null

  constructor(o: ControllerOptions) {
    this.model = o.model
    this.clock = o.clock
    this.latencies = o.latencies ?? new Latencies()
    this.trace = o.trace ?? new Trace()
    if (o.mode) this.bands.mode = o.mode
  }

  /** Gives the controller a player that has been given this item's source. It commands the player from now on. */
  attach(player: Player, mediaId: string): void {
    this.gear = { player, clock: this.clock, latencies: this.latencies, bands: this.bands, trace: this.trace, pace: this.pace }
    this.mediaId = mediaId
    this.bands.forget()
    this.follow.forget()
    this.enter('idle')
  }

  /** Takes the player away; it is left as it is. */
  detach(): void {
    this.gear = null
    this.mediaId = ''
    this.enter('idle')
  }

  get mode(): Mode {
    return this.bands.mode
  }

  setMode(mode: Mode): void {
    this.bands.mode = mode
  }

  get local(): Local {
    return this.how
  }

  /** Leaves the room's line or comes back to it; nobody else notices. */
  setLocal(how: Local): void {
    this.how = how
    this.interruptions = []
  }

  /** A gesture was made, or the player was muted: starting may be tried again. */
  unblock(): void {
    this.blocked = false
  }

  /** Joins the room's line anew, as after a reload of the page. */
  resync(): void {
    if (this.phase === 'running') this.enter('idle')
    this.bands.forget()
  }

  /** One step. Call it when Status.nextMs has come, when a new state has arrived, and when the player reports an event. */
  tick(now: number): Status {
    this.pace.tick(now)
    const status = this.step(now)
    this.pace.ask(status.nextMs)
    return status
  }

  private step(now: number): Status {
    const g = this.gear
    const s = this.model.state
    if (s !== this.last) this.noteState(now, s)
    if (!g || !s || s.mediaId !== this.mediaId || s.mediaId === '') {
      this.enter('idle')
      this.ready = !!s && s.mediaId === ''
      return this.status(now, null, now + idleMs)
    }
    if (this.how !== 'follow') return this.tickLocal(g, now)
    if (s.live) return this.tickLive(g, now, s)
    if (!s.playing || s.hold) return this.tickStand(g, now, s)
    if (!this.clock.ready) return this.tickBlind(g, now, s)
    const server = this.clock.server(now)
    const scheduled = server < s.atMs && s.leadRate === 0
    const begun = this.begun.atMs === s.atMs && this.begun.positionMs === s.positionMs
    if (this.phase === 'running' && (!scheduled || begun)) return this.tickRunning(g, now, s)
    return this.tickMeeting(g, now, s)
  }

  private noteState(now: number, s: PlaybackState | null): void {
    this.last = s
    this.ready = false
    if (s) this.trace.add(now, 'state', s.revision)
  }

  private enter(phase: Phase): void {
    if (phase === this.phase) return
    this.phase = phase
    this.stand.clear()
    this.meeting.clear()
    this.stalledSince = null
    this.starting = null
  }

  private tickLocal(g: Gear, now: number): Status {
    this.enter('local')
    if (this.how === 'paused' && !g.player.paused) g.player.pause()
    this.ready = false
    return this.status(now, null, now + idleMs)
  }

  /** A live stream has no common position; the player's own latency control keeps it near the edge. */
  private tickLive(g: Gear, now: number, s: PlaybackState): Status {
    const p = g.player
    this.ready = canPlay(p)
    if (!s.playing) {
      this.enter('standing')
      if (!p.paused) p.pause()
      return this.status(now, null, now + idleMs)
    }
    this.enter('running')
    // Playing on at the end would begin anew.
    if (p.paused && p.readyState >= 2 && !p.ended) this.start(g, now)
    this.stalledSince = p.paused || p.readyState >= 3 ? null : (this.stalledSince ?? now)
    return this.status(now, null, now + idleMs)
  }

  private tickStand(g: Gear, now: number, s: PlaybackState): Status {
    this.enter('standing')
    this.ready = this.stand.tick(g, now, s.positionMs, s.rate)
    const error = g.player.readyState < 1 ? null : g.player.position() * 1000 - s.positionMs
    // The player keeps whole microseconds: less than one is the exact position.
    return this.status(now, error !== null && Math.abs(error) <= 0.001 ? 0 : error, now + (this.ready ? idleMs : 20))
  }

  /** Without a clock nothing is commanded: a playing player plays on, a paused one loads where it may be needed. */
  private tickBlind(g: Gear, now: number, s: PlaybackState): Status {
    if (this.phase === 'running') return this.status(now, null, now + 33)
    this.enter('meeting')
    if (!g.player.paused) g.player.pause()
    if (g.player.readyState >= 1) this.stand.tick(g, now, s.positionMs, s.rate)
    return this.status(now, null, now + 20)
  }

  private tickMeeting(g: Gear, now: number, s: PlaybackState): Status {
    this.enter('meeting')
    if (this.blocked) return this.status(now, null, now + idleMs)
    const step = this.meeting.tick(g, now, s)
    this.ready = canPlay(g.player)
    if (step.kind === 'over') return this.tickOver(g, now, s)
    if (step.kind === 'wait') return this.status(now, null, step.untilMs)
    this.enter('running')
    this.follow.begin(g, now, step.lateMs)
    this.start(g, now)
    this.begun = { atMs: s.atMs, positionMs: s.positionMs }
    return this.status(now, null, now + 20)
  }

  /** The room is at the end: show the last picture. */
  private tickOver(g: Gear, now: number, s: PlaybackState): Status {
    if (nearEnd(g, s, targetMs(g, s, now))) this.stand.tick(g, now, targetMs(g, s, now), s.rate)
    return this.status(now, null, now + idleMs)
  }

  private tickRunning(g: Gear, now: number, s: PlaybackState): Status {
    const p = g.player
    if (p.paused && !p.ended && this.starting === null) {
      if (!nearEnd(g, s, targetMs(g, s, now))) return this.interrupted(g, now, s)
    }
    if (p.ended && targetMs(g, s, now) < p.duration * 1000 - 700) return this.tickMeeting(g, now, s)
    const found = this.follow.tick(g, now, s)
    this.stalledSince = found.stalled ? (this.stalledSince ?? now) : null
    this.ready = !found.stalled && !found.seeking
    const error = found.errorMs === null ? null : -found.errorMs
    return this.status(now, error, found.nextMs, found.seeking)
  }

  /** Something that is not us has paused the player: join again, but do not fight it. */
  private interrupted(g: Gear, now: number, s: PlaybackState): Status {
    this.interruptions = [...this.interruptions.filter((t) => now - t < 10_000), now]
    this.trace.add(now, 'interrupted', this.interruptions.length)
    if (this.interruptions.length >= interruptedLimit) {
      this.setLocal('paused')
      return this.tickLocal(g, now)
    }
    return this.tickMeeting(g, now, s)
  }

  private start(g: Gear, now: number): void {
    const token = Symbol('start')
    this.starting = token
    this.trace.add(now, 'play')
    const over = (err?: unknown) => {
      if (this.starting !== token) return
      this.starting = null
      if (err instanceof Error && err.name === 'NotAllowedError') {
        this.blocked = true
        this.trace.add(now, 'blocked')
        this.enter('idle')
      }
    }
    g.player.play().then(() => over(), over)
  }

  private status(now: number, errorMs: number | null, nextMs: number, seeking = false): Status {
    const running = this.phase === 'running'
    return {
      phase: this.phase, errorMs, nextMs: Math.max(nextMs, now + 1),
      correction: running ? this.follow.correction : 1,
      stalledSinceMs: this.stalledSince, seeking, blocked: this.blocked, ready: this.ready,
      widened: this.bands.widened(now), seekOnly: this.bands.seekOnly,
    }
  }

  /** Sets the plain rate again, for a viewer who goes his own way. */
  plainRate(now: number): void {
    const g = this.gear
    const s = this.model.state
    if (g && s) setRate(g, now, s.live ? 1 : baseRate(g, s, now))
  }
}
