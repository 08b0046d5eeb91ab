import type { Player } from '../player'

/** How a simulated device behaves; all in milliseconds. */
export interface Device {
  readonly startMs: number
  readonly seekMs: number
  /** From setRate to hearing it. */
  readonly rateLagMs: number
  /** What the media falls behind when the rate leaves 1. */
  readonly engageMs: number
  /** Random part of starts and seeks. */
  readonly spreadMs: number
  /** Error of the audio clock in parts per million. */
  readonly driftPpm: number
  /** Noise of a position reading. */
  readonly noiseMs: number
  readonly durationS: number
  /** Rates are accepted and ignored. */
  readonly rateless?: boolean
  readonly autoplay?: boolean
}

export const plainDevice: Device = {
  startMs: 60, seekMs: 45, rateLagMs: 140, engageMs: 20, spreadMs: 12, driftPpm: 20, noiseMs: 1.5, durationS: 600, autoplay: true,
}

/** A media element as browsers have them: it starts late, seeks slowly, and its audio pipeline obeys rates with a lag. */
export class SimPlayer implements Player {
  readonly calls: { t: number; what: string; value?: number }[] = []
  private now = 0
  private pos = 0 // ms of media
  private wanted = 1
  private heard = 1
  private edges: { at: number; rate: number }[] = []
  private isPaused = true
  private runsAt = Infinity // when the media begins to move
  private seekDone = -Infinity
  private dip = 0
  private dryUntil = -Infinity
  private loadedAt: number

  constructor(readonly device: Device, private readonly rnd: () => number, loadMs = 100) {
    this.loadedAt = loadMs
  }

  /** Moves on to time t of the true clock. */
  advance(t: number): void {
    while (this.now < t) {
      const edge = this.edges[0]
      const until = Math.min(t, edge ? Math.max(edge.at, this.now) : t)
      this.run(until)
      if (edge && edge.at <= until) {
        if (this.heard === 1 && edge.rate !== 1 && !this.device.rateless) this.dip = this.device.engageMs
        this.heard = edge.rate
        this.edges.shift()
      }
      if (until === this.now && until >= t) break
    }
  }

  private run(until: number): void {
    const from = Math.max(this.now, this.isPaused ? Infinity : this.runsAt, this.seekDone, this.dryUntil)
    if (from < until) {
      const rate = this.device.rateless ? 1 : this.heard
      const paid = Math.min(this.dip, until - from)
      this.dip -= paid
      this.pos += (until - from - paid) * rate * (1 + this.device.driftPpm / 1e6)
      this.pos = Math.min(this.pos, this.device.durationS * 1000)
    }
    this.now = until
  }

  /** The media runs dry for a while. */
  stall(ms: number): void {
    this.dryUntil = this.now + ms
  }

  /** Something outside pauses the element. */
  interrupt(): void {
    this.isPaused = true
  }

  /** Without noise, for measuring. */
  truth(): number {
    return this.pos
  }

  private log(what: string, value?: number): void {
    this.calls.push({ t: this.now, what, ...(value === undefined ? {} : { value }) })
  }

  private slack(): number {
    return this.rnd() * this.device.spreadMs
  }

  position(): number {
    const moving = !this.isPaused && this.now > this.runsAt && !this.seeking && this.readyState >= 3
    const noise = moving ? (this.rnd() - 0.5) * 2 * this.device.noiseMs : 0
    return Math.round((this.pos + noise) * 1000) / 1e6
  }

  setPosition(s: number): void {
    this.log('seek', s)
    this.pos = Math.min(s, this.device.durationS) * 1000
    this.seekDone = this.now + this.device.seekMs + this.slack()
    if (!this.isPaused) this.runsAt = this.seekDone + this.device.startMs / 3
  }

  play(): Promise<void> {
    if (!this.device.autoplay) {
      const err = new Error('gesture needed')
      err.name = 'NotAllowedError'
      return Promise.reject(err)
    }
    this.log('play')
    if (this.isPaused) this.runsAt = Math.max(this.now, this.seekDone) + this.device.startMs + this.slack()
    this.isPaused = false
    return Promise.resolve()
  }

  pause(): void {
    this.log('pause')
    this.isPaused = true
    this.edges = []
    this.heard = this.wanted
  }

  rate(): number {
    return this.wanted
  }

  setRate(r: number): void {
    this.log('rate', r)
    this.wanted = r
    if (this.isPaused) this.heard = r
    else this.edges.push({ at: this.now + this.device.rateLagMs, rate: r })
  }

  get readyState(): number {
    if (this.now < this.loadedAt) return 0
    if (this.now < this.dryUntil) return 2
    return this.seeking ? 1 : 4
  }

  get seeking(): boolean {
    return this.now < this.seekDone
  }

  get paused(): boolean {
    return this.isPaused
  }

  get ended(): boolean {
    return this.pos >= this.device.durationS * 1000
  }

  get duration(): number {
    return this.now < this.loadedAt ? NaN : this.device.durationS
  }

  get bufferedAhead(): number {
    return this.now < this.dryUntil ? 0 : 10
  }
}
