/** How late this page's timers come: a few ms in front, up to a second in a throttled tab. */
export class Pace {
  private asked = NaN
  private late = 0

  /** How much later than asked a tick usually comes, in ms. */
  get lateMs(): number {
    return this.late
  }

  /** Whether moments cannot be hit here. */
  get slow(): boolean {
    return this.late > 150
  }

  /** A tick has come. */
  tick(now: number): void {
    if (Number.isNaN(this.asked)) return
    const by = Math.min(Math.max(now - this.asked, 0), 2000)
    this.late += (by - this.late) * (by > this.late ? 0.4 : 0.1)
  }

  /** The next tick has been asked for. */
  ask(at: number): void {
    this.asked = at
  }
}
