// The server's clock as seen from this page, learned from four-timestamp pings. Page times are milliseconds of a monotonic
// clock that never steps; a wrong wall clock has no part in it.

/** One answered ping: sent and received on the page's clock (t0, t3), arrived and answered on the server's (t1, t2). */
export interface ClockSample {
  readonly t0: number
  readonly t1: number
  readonly t2: number
  readonly t3: number
}

const windowSize = 64
const burst = 20
const readyAfter = 8
const slewMs = 0.5 // per sample, so that nobody hears the clock being corrected
const agingMs = 0.05 // per second: two crystals agree to about 50 parts in a million

interface Kept {
  readonly at: number
  readonly rtt: number
  /** Server minus page with the whole way there counted as offset; never less than the truth. */
  readonly there: number
  /** The same on the way back; never more than the truth. */
  readonly back: number
}

/** What the clock is worth, for reports and for the page. */
export interface ClockQuality {
  readonly rttMs: number
  readonly minRttMs: number
  readonly oneWayMs: number
  readonly jitterMs: number
  /** The server's true time lies within this of our estimate. */
  readonly errorMs: number
  readonly samples: number
}

export class Clock {
  private kept: Kept[] = []
  private count = 0 // samples since the last restart
  private sent = 0
  private lastPing = -Infinity
  private began = -Infinity
  private applied = 0
  private known = false // applied is worth something

  /**
   * When the next ping is due on the page's clock: 8 at 30 ms, so that playing can begin soon, 12 at 60 ms, then two a second
   * up to 30 s, then one a second.
   */
  nextPingMs(nowMs: number): number {
    if (this.began === -Infinity) return nowMs
    const age = nowMs - this.began
    if (this.sent < burst && age < 5000) return this.lastPing + (this.sent < readyAfter ? 30 : 60)
    return this.lastPing + (age < 30_000 ? 500 : 1000)
  }

  /** A ping leaves now. */
  pingSent(nowMs: number): void {
    if (this.began === -Infinity) this.began = nowMs
    this.lastPing = nowMs
    this.sent++
  }

  /**
   * Begins a new burst: after a reconnect, a wake, a change of network or of visibility. The old estimate stays in use, but
   * the clock is not ready again before it has fresh samples, because a page's clock may have stood still in sleep.
   */
  restart(): void {
    this.kept = []
    this.count = 0
    this.sent = 0
    this.began = -Infinity
    this.lastPing = -Infinity
  }

  /** Takes an answer; one that cannot be true is ignored. */
  add(s: ClockSample): void {
    const rtt = s.t3 - s.t0 - (s.t2 - s.t1)
    if (!Number.isFinite(rtt) || rtt < -1 || s.t3 < s.t0 || s.t2 < s.t1 || rtt > 10_000) return
    this.kept.push({ at: s.t3, rtt: Math.max(rtt, 0), there: s.t1 - s.t0, back: s.t2 - s.t3 })
    if (this.kept.length > windowSize) this.kept.shift()
    this.count++
    this.follow(this.estimate(s.t3))
  }

  /** Whether commands may act on this clock. */
  get ready(): boolean {
    return this.count >= readyAfter
  }

  /** Server time at a page time. Meaningless until ready. */
  server(pageMs: number): number {
    return pageMs + this.applied
  }

  /** Page time at a server time. */
  page(serverMs: number): number {
    return serverMs - this.applied
  }

  quality(): ClockQuality {
    const rtts = this.kept.map((k) => k.rtt).sort((a, b) => a - b)
    const min = rtts[0] ?? 0
    return {
      rttMs: rtts[rtts.length >> 1] ?? 0,
      minRttMs: min,
      oneWayMs: min / 2,
      jitterMs: ((rtts[Math.floor(rtts.length * 0.9)] ?? min) - min) / 2,
      errorMs: min / 2,
      samples: this.count,
    }
  }

  private follow(estimate: number): void {
    const off = estimate - this.applied
    if (!this.known) {
      this.applied = estimate
      this.known = this.count >= burst
      return
    }
    // After a restart a page that has slept finds itself far off and must jump; otherwise the old estimate was good.
    const far = Math.abs(off) > this.quality().errorMs + 20
    if (far && this.count >= readyAfter && this.count <= burst) this.applied = estimate
    else if (this.count >= readyAfter) this.applied += Math.min(Math.max(off, -slewMs), slewMs)
  }

  /**
   * A delay can only make the way there look longer and the way back too, so the quickest of each direction are the truest;
   * they need not belong to the same ping. What remains unknown is half the difference of the two quickest ways.
   */
  private estimate(nowMs: number): number {
    const n = Math.min(3, Math.max(1, this.kept.length >> 4))
    const aged = (k: Kept) => ((nowMs - k.at) / 1000) * agingMs
    const least = (score: (k: Kept) => number, value: (k: Kept) => number) => {
      const best = [...this.kept].sort((a, b) => score(a) - score(b)).slice(0, n)
      return best.reduce((sum, k) => sum + value(k), 0) / best.length
    }
    const there = least((k) => k.there + aged(k), (k) => k.there)
    const back = least((k) => -k.back + aged(k), (k) => k.back)
    return (there + back) / 2
  }
}
