import type { Band } from './bands'
import type { PlaybackState } from './model'
import type { Gear } from './room'
import { baseRate, canPlay, nearEnd, setRate, targetMs } from './room'
import { rateLagMs, Steer } from './steer'
import type { Limits } from './steer'
import { Window } from './window'

const quietMs = 250 // after a command nothing is measured: it has not arrived yet
const startQuietMs = 90
const seekQuietMs = 150
const lastingMs = 4000
const freshBursts = 3 // corrections towards the inner band before the outer one has to do
const stillMs = 350 // a player that claims to play and has not moved for this long is dry
const driftMs = 2500 // the shortest calm from which a drift is computed

/** What a step has found out. */
export interface Found {
  /** Target minus position in ms: positive is late. Null while nothing is known. */
  readonly errorMs: number | null
  readonly stalled: boolean
  /** The player is going to be moved. */
  readonly seeking: boolean
  readonly nextMs: number
}

/** Keeps a playing player on the room's line. */
export class Follow {
  private readonly steer = new Steer()
  private readonly window = new Window()
  private readonly lags = new Window(7)
  private anchor: { at: number; posMs: number; rate: number; kind: 'start' | 'seek'; learn: boolean } | null = null
  private quietUntil = -Infinity
  private fresh = true // just started or moved: correct soon and firmly, then settle within the inner band
  private firmUntil = -Infinity
  private bursts = 0 // since fresh
  private lastPos = NaN
  private lastMoved = -Infinity
  private dry = false
  private shown: number | null = null
  private before = 0 // error before the burst, to judge what bursts achieve
  private wanted = 0 // what the burst was planned to move
  private cost: number | null = null // and what of that was meant to pay for itself
  private trim = 0
  private calm: { at: number; e: number } | null = null
  private base = 1
  private slopes: number[] = []

  /** The change of rate in force, as a factor around 1. */
  get correction(): number {
    return (1 + this.steer.delta) * (1 + this.trim)
  }

  /** The player is about to be told to play, too late by a known time, which it begins to make up for at once. */
  begin(g: Gear, now: number, lateMs: number): void {
    this.reset(now, startQuietMs)
    this.base = g.player.rate()
    if (lateMs > 20 && !g.pace.slow && g.bands.current(now).enter < lateMs) {
      this.steer.begin(now + g.latencies.startMs, lateMs / this.base, this.limits(g, lateMs > 150 ? 0.25 : 0.12, 400))
      this.apply(g, now)
    }
    this.anchor = { at: now, posMs: g.player.position() * 1000, rate: g.player.rate(), kind: 'start', learn: !this.steer.active }
  }

  /** Another source: what was learned about drift does not hold. */
  forget(): void {
    this.trim = 0
    this.slopes = []
    this.calm = null
  }

  /** The error as last measured, or null. */
  get errorMs(): number | null {
    return this.shown
  }

  tick(g: Gear, now: number, s: PlaybackState): Found {
    const target = targetMs(g, s, now)
    if (g.player.ended || nearEnd(g, s, target)) {
      this.release(g, now, s)
      return this.found(now, false, g.player.seeking)
    }
    if (g.player.seeking) return this.found(now, this.dry, true)
    if (this.isDry(g, now)) {
      this.suspend(g, now, s)
      return this.found(now, true, false)
    }
    if (this.dry) {
      this.dry = false
      g.trace.add(now, 'stall', 0)
      this.reset(now, quietMs)
    }
    this.keepBase(g, now, s)
    this.measure(g, now, target)
    this.correct(g, now, s)
    return this.found(now, false, g.player.seeking)
  }

  private found(now: number, stalled: boolean, seeking: boolean): Found {
    const step = this.fresh ? 20 : 33
    const nextMs = Math.min(now + step, Math.max(this.steer.endMs, now + 1))
    return { errorMs: this.shown, stalled, seeking, nextMs }
  }

  private reset(now: number, quiet: number): void {
    this.steer.clear()
    this.window.clear()
    this.lags.clear()
    this.anchor = null
    this.calm = null
    this.wanted = 0
    this.quietUntil = now + quiet
    this.fresh = true
    this.bursts = 0
    this.firmUntil = now + 1500
    this.lastPos = NaN
    this.lastMoved = now
    this.dry = false
    this.shown = null
  }

  /** Dry: out of data, or claiming to play without moving. */
  private isDry(g: Gear, now: number): boolean {
    const pos = g.player.position()
    if (pos !== this.lastPos) {
      this.lastPos = pos
      this.lastMoved = now
    }
    if (!canPlay(g.player)) return true
    const patience = this.anchor && this.fresh ? stillMs + g.latencies.startMs * 2 : stillMs
    return now - this.lastMoved > Math.max(patience, g.pace.lateMs * 3)
  }

  /** Never fight a player that has nothing to play. */
  private suspend(g: Gear, now: number, s: PlaybackState): void {
    if (!this.dry) {
      this.dry = true
      g.trace.add(now, 'stall', 1)
      this.release(g, now, s)
    }
    this.window.clear()
    this.anchor = null
    this.shown = null
  }

  private release(g: Gear, now: number, s: PlaybackState): void {
    this.steer.clear()
    this.wanted = 0
    setRate(g, now, baseRate(g, s, now))
  }

  /** The room's own rate may change while we play; it is set early by what a rate takes to be heard. */
  private keepBase(g: Gear, now: number, s: PlaybackState): void {
    const base = baseRate(g, s, now + rateLagMs)
    if (base === this.base) return
    this.base = base
    this.steer.clear()
    this.window.clear()
    this.anchor = null
    this.calm = null
    this.wanted = 0
    this.quietUntil = now + rateLagMs + quietMs
    this.firmUntil = now + 1500
    this.fresh = true
    this.bursts = 0
    this.apply(g, now)
  }

  private measure(g: Gear, now: number, target: number): void {
    const pos = g.player.position() * 1000
    if (now < this.quietUntil) return
    const e = (target - pos) / this.base
    if (this.anchor) {
      const moved = pos - this.anchor.posMs
      if (moved <= 0) return // has not begun
      this.lags.add(now, now - this.anchor.at - moved / this.anchor.rate)
    }
    this.window.add(now, e - this.steer.pending(now))
    const shown = this.window.median(now, 3)
    if (shown !== null) this.shown = (shown + this.steer.pending(now)) * this.base
  }

  private correct(g: Gear, now: number, s: PlaybackState): void {
    if (this.steer.active && now >= this.steer.endMs - 0.5) return this.finish(g, now)
    const r = this.reading(g, now)
    if (r === null) return
    const band = g.bands.current(now)
    const size = Math.abs(r)
    // A seek needs no exact moment: where timers are slow it is the better tool.
    if (size > (g.pace.slow ? band.seek / 3 : band.seek)) return this.jump(g, now, s)
    if (this.steer.active) return this.review(g, now, r)
    this.learn(g, now)
    this.judge(g, r)
    if (this.bursts > freshBursts && size <= band.enter) this.fresh = false
    if (size <= this.threshold(band, now, r > 0)) {
      this.fresh = false
      this.calm ??= { at: now, e: r }
      return
    }
    this.noteDrift(now, r)
    this.burst(g, now, r)
  }

  /** The error to act on. A plain one just after a start needs fewer readings. */
  private reading(g: Gear, now: number): number | null {
    const maxAge = 1000 + g.pace.lateMs * 9
    const few = g.pace.slow ? 1 : 3
    const early = this.fresh && !this.steer.active ? this.window.median(now, few, few, maxAge) : null
    if (early !== null && Math.abs(early) > 40) return early
    const quick = this.window.median(now, this.fresh ? 5 : 7, 7, maxAge)
    const settled = !this.fresh && !this.steer.active && quick !== null && Math.abs(quick) < 60
    return settled ? this.window.median(now, 15, 31, maxAge) : quick
  }

  /** A timer that comes late ends a burst late: where timers are slow, bursts are long and low. */
  private limits(g: Gear, maxRate: number, minMs: number): Limits {
    const late = g.pace.lateMs
    return { maxRate: Math.min(maxRate, 20 / Math.max(late, 1)), minMs: Math.max(minMs, late * 5) }
  }

  /** The error at which a correction begins. */
  private threshold(band: Band, now: number, late: boolean): number {
    // Right after a start the inner band is worth a correction; later only the outer one, or half of it if it lasts.
    // Being late is cured through being later for a moment, so it has to be worth it a little more than being early.
    const inner = band.leave * (late ? 1.75 : 1.25)
    if (this.fresh) return Math.min(band.enter, Math.max(inner, this.window.spread() * 3))
    const lasting = this.calm !== null && now - this.calm.at > lastingMs
    return Math.max(lasting ? band.enter * 0.7 : band.enter, this.window.spread() * 2)
  }

  private burst(g: Gear, now: number, r: number): void {
    const size = Math.abs(r)
    const steady = g.bands.current(now).maxRate
    const firm = this.fresh && now < this.firmUntil
    const maxRate = size > 150 ? 0.25 : firm ? 0.12 : size > 60 ? 0.06 : steady
    // Leaving rate 1 costs the media some time, which the burst has to win back.
    const replanned = this.steer.active
    const cost = !replanned && Math.abs(this.base * (1 + this.trim) - 1) < 1e-6 ? g.latencies.rateCostMs : 0
    this.cost = cost > 0 ? cost : null
    this.before = r
    this.bursts++
    this.steer.plan(now, r + cost, this.limits(g, maxRate, firm ? 400 : 1000))
    this.wanted = replanned ? 0 : this.steer.plannedMs
    this.apply(g, now)
  }

  /** In the middle of a burst only a plan that is clearly wrong is changed. */
  private review(g: Gear, now: number, r: number): void {
    if (now - this.steer.beganMs < rateLagMs + 180 + quietMs) return
    if (Math.abs(r) > Math.max(20, 0.4 * Math.abs(this.steer.plannedMs))) {
      // What should have been visible by now is wrong by r.
      const due = this.steer.delta * (now - this.steer.beganMs - rateLagMs)
      g.bands.judge(due, due - r)
      this.window.clear()
      if (g.bands.current(now).maxRate === 0) return this.finish(g, now) // rates have just been given up
      this.burst(g, now, r)
    }
  }

  private finish(g: Gear, now: number): void {
    this.steer.stop(now)
    this.window.clear()
    this.anchor = null
    this.quietUntil = now + quietMs
    this.apply(g, now)
  }

  /** A seek while playing, ahead by what seeking costs here. */
  private jump(g: Gear, now: number, s: PlaybackState): void {
    if (!g.bands.maySeek(now)) return
    const to = targetMs(g, s, now + g.latencies.seekMs) / 1000
    g.bands.sought(now)
    g.player.setPosition(to)
    g.trace.add(now, 'seek', to)
    this.release(g, now, s)
    this.reset(now, seekQuietMs)
    this.anchor = { at: now, posMs: to * 1000, rate: this.base, kind: 'seek', learn: true }
  }

  /** How long the last start or seek took, once the player runs at the plain rate. */
  private learn(g: Gear, now: number): void {
    const a = this.anchor
    const lag = this.lags.median(now, 3)
    if (!a || !a.learn || lag === null) return
    if (a.kind === 'start') g.latencies.learnStart(lag)
    else g.latencies.learnSeek(lag)
    g.trace.add(now, 'ready', lag, a.kind)
    this.anchor = null
  }

  private judge(g: Gear, r: number): void {
    if (this.wanted !== 0) {
      const got = this.before - r
      g.bands.judge(this.wanted - (this.cost ?? 0), got)
      if (this.cost !== null && !g.pace.slow) g.latencies.learnRateCost(this.wanted - got)
    }
    this.wanted = 0
    this.cost = null
  }

  /** A device whose clock runs wrong by more than 0.04 % gets a lasting trim instead of endless bursts. */
  private noteDrift(now: number, r: number): void {
    const c = this.calm
    this.calm = null
    if (!c || now - c.at < driftMs) return
    const slope = (r - c.e) / (now - c.at)
    this.slopes = [...this.slopes, slope].slice(-2)
    const [a = 0, b = 0] = this.slopes
    // One jolt is not a drift: two in a row must agree.
    if (Math.min(Math.abs(a), Math.abs(b)) < 4e-4 || a * b < 0 || Math.abs(a - b) > Math.max(Math.abs(a), Math.abs(b)) / 2) return
    this.slopes = []
    const trim = this.trim + 0.7 * slope
    this.trim = Math.max(-0.01, Math.min(0.01, Math.round(trim / 5e-4) * 5e-4))
  }

  private apply(g: Gear, now: number): void {
    if (!setRate(g, now, this.base * this.correction)) g.bands.rateRefused()
  }
}
