// Which danmaku exist around the media time: windows of history fetched ahead, and lines
// that arrive while watching. Knows time and messages, not the picture.

/** What the engine needs of a message. */
export interface DanmakuMessage {
  id: string
  text: string
  atMs: number
  kind: 'scroll' | 'top' | 'bottom'
  /** CSS colour. */
  color: string
  own: boolean
}

/** History comes in windows of this length, in media milliseconds. */
export const windowMs = 60_000
/** The next window is asked for this long before it is needed. */
export const aheadMs = 15_000
const maxKept = 6000

export type FetchWindow = (mediaId: string, fromMs: number, toMs: number) => Promise<DanmakuMessage[]>

/** The danmaku of one media item, in order of time, without doubles. */
export class Feed {
  private readonly lines: DanmakuMessage[] = []
  private readonly ids = new Set<string>()
  private readonly windows = new Map<number, 'asked' | 'have'>()
  private readonly retryAt = new Map<number, number>()

  constructor(
    readonly mediaId: string,
    private readonly fetchWindow: FetchWindow,
    /** History arrived; told is the time of its earliest new line. */
    private readonly onMore: (firstMs: number) => void,
  ) {}

  /** Makes sure that the windows around a media time are there or asked for. nowMs is a steady clock. */
  need(atMs: number, nowMs: number): void {
    const first = Math.max(0, Math.floor((atMs - 10_000) / windowMs))
    const last = Math.floor((atMs + aheadMs) / windowMs)
    for (let w = first; w <= last; w++) this.ask(w, nowMs)
  }

  /** Adds a line that arrived just now; false when it is already known. */
  add(line: DanmakuMessage): boolean {
    if (this.ids.has(line.id)) return false
    this.insert(line)
    return true
  }

  /** Lines with from < time <= to. */
  between(fromMs: number, toMs: number): DanmakuMessage[] {
    const out: DanmakuMessage[] = []
    for (let i = this.after(fromMs); i < this.lines.length; i++) {
      const line = this.lines[i] as DanmakuMessage
      if (line.atMs > toMs) break
      out.push(line)
    }
    return out
  }

  private ask(window: number, nowMs: number): void {
    if (this.windows.has(window) || nowMs < (this.retryAt.get(window) ?? 0)) return
    this.windows.set(window, 'asked')
    this.fetchWindow(this.mediaId, window * windowMs, (window + 1) * windowMs).then(
      (lines) => {
        this.windows.set(window, 'have')
        const fresh = lines.filter((line) => this.add(line))
        if (fresh.length > 0) this.onMore(Math.min(...fresh.map((line) => line.atMs)))
      },
      () => {
        // History is an extra: try again later, say nothing.
        this.windows.delete(window)
        this.retryAt.set(window, nowMs + 10_000)
      },
    )
  }

  private insert(line: DanmakuMessage): void {
    this.lines.splice(this.after(line.atMs), 0, line)
    this.ids.add(line.id)
    if (this.lines.length <= maxKept) return
    // Forget the farthest end, and the windows with it.
    const far = line.atMs > (this.lines[this.lines.length >> 1] as DanmakuMessage).atMs ? this.lines.shift() : this.lines.pop()
    if (!far) return
    this.ids.delete(far.id)
    const window = Math.floor(far.atMs / windowMs)
    // A window close by would be asked for again at once.
    if (Math.abs(window - Math.floor(line.atMs / windowMs)) > 2) this.windows.delete(window)
  }

  /** Index of the first line later than a time. */
  private after(ms: number): number {
    let lo = 0
    let hi = this.lines.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if ((this.lines[mid] as DanmakuMessage).atMs <= ms) lo = mid + 1
      else hi = mid
    }
    return lo
  }
}
