// Corrections by playback rate. A correction is one burst: a rate, a duration, and back. Both edges reach the ear late by
// the same unknown 100 to 200 ms, so what a burst moves is its height times its length whatever that lag is; chasing the
// error while the lag is still in the pipeline is what makes players oscillate.

/** Assumed time from setting a rate to hearing it. */
export const rateLagMs = 120

const quantum = 0.005
const minBurstMs = 200

interface Segment {
  readonly from: number
  to: number
  readonly delta: number
}

export interface Limits {
  /** Largest change of rate. */
  readonly maxRate: number
  /** Shortest burst. */
  readonly minMs: number
}

export class Steer {
  private past: Segment[] = []
  private now: Segment | null = null

  /** The change of rate in force, 0 for none. */
  get delta(): number {
    return this.now?.delta ?? 0
  }

  get active(): boolean {
    return this.now !== null
  }

  /** When the burst ends; only while active. */
  get endMs(): number {
    return this.now?.to ?? Infinity
  }

  get beganMs(): number {
    return this.now?.from ?? -Infinity
  }

  /** What the whole burst was planned to move. */
  get plannedMs(): number {
    return this.now ? this.now.delta * (this.now.to - this.now.from) : 0
  }

  /** What has been commanded for after time t and is not visible at t yet, in ms of media. */
  pending(t: number): number {
    let sum = 0
    for (const s of this.now ? [...this.past, this.now] : this.past) {
      sum += s.delta * Math.max(0, s.to + rateLagMs - Math.max(t, s.from + rateLagMs))
    }
    return sum
  }

  /** Plans a burst that makes up for an error of e ms, in place of one that is under way. */
  plan(nowMs: number, e: number, limits: Limits): void {
    const left = this.now ? this.now.delta * Math.max(0, this.now.to - nowMs) : 0
    const total = e + left
    this.stop(nowMs)
    const ideal = Math.min(Math.abs(total) / limits.minMs, limits.maxRate)
    const height = Math.max(quantum, Math.floor(ideal / quantum + 0.001) * quantum)
    const length = Math.max(Math.abs(total) / height, minBurstMs)
    this.now = { from: nowMs, to: nowMs + length, delta: (total < 0 ? -1 : 1) * height }
  }

  /** Plans the burst with which a player starts at time atMs; its rate is heard from the first sample on. */
  begin(atMs: number, e: number, limits: Limits): void {
    this.clear()
    this.plan(atMs, e, limits)
    if (this.now) this.now = { ...this.now, from: this.now.from - rateLagMs, to: this.now.to - rateLagMs }
  }

  /** Ends the burst now. */
  stop(nowMs: number): void {
    if (this.now) this.past.push({ ...this.now, to: Math.min(this.now.to, nowMs) })
    this.now = null
    this.past = this.past.filter((s) => s.to + 2 * rateLagMs > nowMs)
  }

  /** Forgets everything: the player has been stopped or moved. */
  clear(): void {
    this.past = []
    this.now = null
  }
}
