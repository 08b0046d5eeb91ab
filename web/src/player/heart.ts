// The beat of the player: calls back as often as asked while the page is visible, keeps beating
// on the element's own events when timers sleep, and notices that the machine has slept.

export interface HeartDeps {
  /** Does the work and says when, on the same clock, it wants to be called again at the latest. */
  beat(nowMs: number): number
  /** The page was asleep, hidden or offline: clocks may have moved. */
  woke(nowMs: number): void
  /** Steady clock in milliseconds. */
  now(): number
  /** Wall clock, used only to notice sleep. */
  wall(): number
  media: Pick<HTMLVideoElement, 'addEventListener' | 'removeEventListener'>
}

/** Longest pause between beats while timers run freely. */
const longestMs = 250
const sleptMs = 5000
const mediaEvents = ['timeupdate', 'seeked', 'canplay', 'loadedmetadata', 'waiting', 'playing', 'pause', 'ended', 'ratechange'] as const

export class Heart {
  private timer = 0
  private last = 0
  private lastWall = 0
  private beating = false
  private running = false

  constructor(private readonly deps: HeartDeps) {}

  /** Beats until stop. */
  start(): void {
    this.running = true
    this.last = this.deps.now()
    this.lastWall = this.deps.wall()
    for (const name of mediaEvents) this.deps.media.addEventListener(name, this.soon)
    document.addEventListener('visibilitychange', this.visible)
    addEventListener('online', this.woke)
    addEventListener('pageshow', this.visible)
    this.soon()
  }

  stop(): void {
    this.running = false
    clearTimeout(this.timer)
    for (const name of mediaEvents) this.deps.media.removeEventListener(name, this.soon)
    document.removeEventListener('visibilitychange', this.visible)
    removeEventListener('online', this.woke)
    removeEventListener('pageshow', this.visible)
  }

  /** Beats now; inside a beat the next one follows at once. */
  readonly soon = (): void => {
    if (!this.running) return
    clearTimeout(this.timer)
    if (this.beating) {
      this.timer = window.setTimeout(this.soon, 0)
      return
    }
    const now = this.deps.now()
    const wall = this.deps.wall()
    // Steady clocks stop in sleep on some systems, wall clocks do not.
    const slept = now - this.last > sleptMs || Math.abs(wall - this.lastWall - (now - this.last)) > sleptMs
    this.last = now
    this.lastWall = wall
    if (slept) this.deps.woke(now)
    this.beating = true
    const next = this.deps.beat(now)
    this.beating = false
    const wait = Math.min(longestMs, Math.max(0, next - this.deps.now()))
    clearTimeout(this.timer)
    if (this.running) this.timer = window.setTimeout(this.soon, wait)
  }

  private readonly visible = (): void => {
    if (!document.hidden) this.woke()
  }

  private readonly woke = (): void => {
    this.deps.woke(this.deps.now())
    this.soon()
  }
}
