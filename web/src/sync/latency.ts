// How long this device takes to start and to seek, and what a change of rate costs it. Learned while playing, kept between visits.

/** What is stored between visits, in milliseconds. */
export interface StoredLatencies {
  readonly startMs: number
  readonly seekMs: number
  readonly loadMs: number
  readonly rateCostMs: number
}

const weight = 0.35

/** An average that trusts its first measurement more than its guess, and later ones a little at a time. */
class Learned {
  private seen = 0
  constructor(private ms: number, private readonly lo: number, private readonly hi: number) {}

  get value(): number {
    return this.ms
  }

  learn(ms: number): void {
    if (!(ms > this.lo - 20 && ms < this.hi * 4)) return
    const clipped = Math.min(Math.max(ms, this.lo), this.hi)
    this.ms += (clipped - this.ms) * (this.seen === 0 ? 0.7 : weight)
    this.seen++
  }
}

export class Latencies {
  private readonly starts: Learned
  private readonly seeks: Learned
  private readonly loads: Learned
  private readonly costs: Learned

  constructor(stored?: Partial<StoredLatencies>) {
    const usable = (v: number | undefined, guess: number, hi: number) => (v !== undefined && v >= 0 && v <= hi ? v : guess)
    this.starts = new Learned(usable(stored?.startMs, 75, 400), 0, 400)
    this.seeks = new Learned(usable(stored?.seekMs, 80, 3000), 5, 3000)
    this.loads = new Learned(usable(stored?.loadMs, 250, 5000), 20, 5000)
    this.costs = new Learned(usable(stored?.rateCostMs, 15, 40), 0, 40)
  }

  /** From play() to the first movement. */
  get startMs(): number {
    return this.starts.value
  }

  /** From a seek inside the buffer until the player can play on. */
  get seekMs(): number {
    return this.seeks.value
  }

  /** The same for a seek to where nothing is buffered yet. */
  get loadMs(): number {
    return this.loads.value
  }

  /**
   * What the media falls behind when the player leaves rate 1, in either direction: its time-stretcher has to be filled
   * first. About 20 ms in Chromium.
   */
  get rateCostMs(): number {
    return this.costs.value
  }

  learnRateCost(ms: number): void {
    this.costs.learn(ms)
  }

  learnStart(ms: number): void {
    this.starts.learn(ms)
  }

  learnSeek(ms: number): void {
    this.seeks.learn(ms)
  }

  learnLoad(ms: number): void {
    this.loads.learn(ms)
  }

  toJSON(): StoredLatencies {
    const tenth = (v: number) => Math.round(v * 10) / 10
    return { startMs: tenth(this.startMs), seekMs: tenth(this.seekMs), loadMs: tenth(this.loadMs), rateCostMs: tenth(this.rateCostMs) }
  }
}
