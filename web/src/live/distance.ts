// Holds a player of a live stream to the distance from the edge that everybody has. Pure: it is given what is
// measured and says what to do; time comes from outside.
//
// Small errors are steered away by at most 5 % of speed, which nobody hears. Large ones are jumped. Who runs dry again
// and again gets the next wider of a few common distances, so that people on lines of one kind stay together, and comes
// back when the line has been calm.

/** What is measured at one moment. */
export interface Measure {
  /** A steady clock in milliseconds. */
  nowMs: number
  /** How late what is on the screen is, in milliseconds; null when not known. */
  latencyMs: number | null
  /** Milliseconds that can be played without the network. */
  aheadMs: number
  /** It moves: neither paused, nor seeking, nor dry. */
  moving: boolean
  /** It wants to move and has nothing to show. */
  dry: boolean
}

/** What to do about it. */
export interface Order {
  /** Speed of the player. */
  rate: number
  /** Move by so many milliseconds of media, 0 for not at all; positive is towards the edge. */
  jumpMs: number
}

/** Most that speed is changed by. */
export const mostRate = 0.05
/** Steering begins beyond the first and ends within the second. */
const enterMs = 60
const leaveMs = 15
/** An error is made up for in about this time, as long as the speed allows. */
const correctInMs = 3000
const quantum = 0.005
/** Beyond this nobody waits for 5 %. */
const jumpMs = 1200
/** Just after the start a jump is not noticed. */
const settleForMs = 2500
const settleJumpMs = 180
/** A jump that does not go all the way goes so far. */
const partJumpMs = 500
/** A jump forward leaves at least this much in the buffer. */
const reserveMs = 120
/** After a jump the player needs a moment before it is believed again. */
const calmAfterJumpMs = 1500
/** Two dry spells within the first make the distance wider; so long without one makes it narrower again. */
const dryWindowMs = 20_000
const narrowAfterMs = 60_000
/** News of a publisher that is away comes within this of the dry spell. */
const forgiveMs = 8000
/** How much wider than wished, step by step. */
const steps = [0, 500, 1500, 4000] as const
/** Readings are averaged over about this time. */
const smoothMs = 400

export class Distance {
  private step = 0
  private steering = false
  private smooth: number | null = null
  private smoothAt = 0
  private since: number | null = null
  private jumpedAt = -Infinity
  private wasDry = false
  private dries: number[] = []
  private calmSince = 0
  private widenedAt = -Infinity

  constructor(private wishedMs: number) {}

  /** The distance that is held now, in milliseconds. */
  get targetMs(): number {
    return this.wishedMs + (steps[this.step] ?? 0)
  }

  /** The error as it is averaged, positive is too late; null when not known. */
  get errorMs(): number | null {
    return this.smooth === null ? null : this.smooth - this.targetMs
  }

  /** Another distance is wanted from now on. */
  wish(ms: number): void {
    this.wishedMs = ms
  }

  /** The player was moved or opened anew: forget what was measured, keep what was learned of the line. */
  restart(): void {
    this.steering = false
    this.smooth = null
    this.since = null
    this.wasDry = false
  }

  /** It was the publisher that was away, not this line: what ran dry lately says nothing. */
  forgive(nowMs: number): void {
    if (this.step > 0 && nowMs - this.widenedAt < forgiveMs) this.step--
    this.dries = []
  }

  /** One step; call it about ten times a second. */
  tick(m: Measure): Order {
    this.noteDry(m)
    if (!m.moving || m.latencyMs === null) {
      this.steering = false
      if (!m.moving) this.smooth = null
      return { rate: 1, jumpMs: 0 }
    }
    this.since ??= m.nowMs
    this.average(m.nowMs, m.latencyMs)
    if (m.nowMs - this.jumpedAt < calmAfterJumpMs) return { rate: 1, jumpMs: 0 }
    const error = this.errorMs ?? 0
    // What has not come cannot be caught up with, only run dry.
    if (error > 0 && m.aheadMs < 2 * reserveMs) {
      this.steering = false
      return { rate: 1, jumpMs: 0 }
    }
    return this.jump(m, m.latencyMs - this.targetMs, error) ?? { rate: this.steer(error), jumpMs: 0 }
  }

  private average(nowMs: number, latencyMs: number): void {
    const past = nowMs - this.smoothAt
    const keep = this.smooth === null ? 0 : Math.exp(-past / smoothMs)
    this.smooth = (this.smooth ?? 0) * keep + latencyMs * (1 - keep)
    this.smoothAt = nowMs
  }

  /** Far off, or a little off at the very start. The average says whether; what is measured now says how far. */
  private jump(m: Measure, error: number, average: number): Order | null {
    const settling = m.nowMs - (this.since ?? m.nowMs) < settleForMs
    const far = Math.min(Math.abs(error), Math.abs(average)) > (settling ? settleJumpMs : jumpMs)
    if (!far || error > 0 !== average > 0) return null
    // Back is what just was on the screen: only when the line is known to need it, or nobody has looked yet.
    if (error < 0 && !settling && this.step === 0 && error > -3 * jumpMs) return null
    const by = error > 0 ? Math.min(error, m.aheadMs - reserveMs) : error
    // What the buffer does not have would have to be waited for; a part of the way must be worth the stumble.
    if (by > 0 && by < (by < error ? partJumpMs : settleJumpMs / 2)) return null
    if (by > 0 && m.aheadMs <= reserveMs) return null
    this.jumpedAt = m.nowMs
    this.smooth = null
    this.steering = false
    return { rate: 1, jumpMs: by }
  }

  private steer(error: number): number {
    const size = Math.abs(error)
    this.steering = size > (this.steering ? leaveMs : enterMs)
    if (!this.steering) return 1
    const wanted = Math.min(mostRate, size / correctInMs)
    const delta = Math.max(quantum, Math.round(wanted / quantum) * quantum)
    return error > 0 ? 1 + delta : 1 - delta
  }

  private noteDry(m: Measure): void {
    // A beginning and a jump have their own stumbles.
    const steady = this.since !== null && m.nowMs - this.since > settleForMs && m.nowMs - this.jumpedAt > calmAfterJumpMs
    const fell = m.dry && !this.wasDry && steady
    this.wasDry = m.dry
    if (fell) {
      this.calmSince = m.nowMs
      this.dries = [...this.dries.filter((t) => m.nowMs - t < dryWindowMs), m.nowMs]
      if (this.dries.length >= 2 && this.step < steps.length - 1) {
        this.step++
        this.widenedAt = m.nowMs
        this.dries = []
      }
      return
    }
    if (this.step > 0 && !m.dry && m.nowMs - this.calmSince > narrowAfterMs) {
      this.step--
      this.calmSince = m.nowMs
    }
  }
}

interface Seen {
  at: number
  /** Media time of the buffer's end less the clock. */
  lead: number
}

/**
 * Where the live edge is, for streams that do not date what they send: as far as bytes have come, at the earliest of the
 * last seconds, moving on with the clock. A late packet does not move it.
 */
export class Edge {
  private seen: Seen[] = []

  constructor(private readonly spanMs = 4000) {}

  restart(): void {
    this.seen = []
  }

  /** The edge in media milliseconds, for a buffer that ends at endMs now. */
  at(nowMs: number, endMs: number): number {
    this.seen = this.seen.filter((s) => nowMs - s.at < this.spanMs)
    this.seen.push({ at: nowMs, lead: endMs - nowMs })
    return nowMs + Math.max(...this.seen.map((s) => s.lead))
  }
}
