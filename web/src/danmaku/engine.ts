// Binds danmaku to the film: asks the feed for what is due, hands it to the renderer, and
// moves everything with the media time, which is the only clock here.

import { Feed, type DanmakuMessage, type FetchWindow } from './feed'
import { Renderer } from './renderer'
import type { DanmakuSettings } from './settings'

/** Where the film is. */
export interface FilmClock {
  /** Media time in milliseconds. */
  positionMs(): number
  /** Media milliseconds per millisecond; 0 while it stands. */
  rate(): number
}

export interface DanmakuDeps {
  layer: HTMLElement
  clock: FilmClock
  fetchWindow: FetchWindow
  settings: DanmakuSettings
}

/** A step of the media time larger than this is a seek. */
const jumpMs = 400

/** The media time, made smooth: the element's own clock moves in small steps. */
export class SmoothClock {
  private atMs = 0
  private seenMs = 0
  private started = false

  /** Next media time for a raw reading; nowMs is a steady clock. */
  step(rawMs: number, rate: number, nowMs: number): { atMs: number; jumped: boolean } {
    const guess = this.atMs + Math.min(250, nowMs - this.seenMs) * rate
    const off = rawMs - guess
    const jumped = !this.started || Math.abs(off) > jumpMs
    this.atMs = jumped || rate === 0 ? rawMs : Math.max(this.atMs, guess + off * 0.1)
    this.seenMs = nowMs
    this.started = true
    return { atMs: this.atMs, jumped }
  }
}

/** The danmaku of one player. Start with run, stop by the function it returns. */
export class DanmakuEngine {
  private readonly renderer: Renderer
  private smooth = new SmoothClock()
  private settings: DanmakuSettings
  private feed: Feed | null = null
  private live = false
  private drawnMs = 0
  private refill = true
  private readonly pending: DanmakuMessage[] = []
  private readonly motion = matchMedia('(prefers-reduced-motion: reduce)')

  constructor(private readonly deps: DanmakuDeps) {
    this.settings = deps.settings
    this.renderer = new Renderer(deps.layer, deps.settings)
  }

  /** Starts with another item. Live items have no history and no position of their own. */
  setMedia(mediaId: string, live: boolean): void {
    this.live = live
    this.feed = mediaId ? new Feed(mediaId, this.deps.fetchWindow, (firstMs) => this.more(firstMs)) : null
    this.smooth = new SmoothClock()
    this.pending.length = 0
    this.refill = true
  }

  setSettings(settings: DanmakuSettings): void {
    this.settings = settings
    this.resize()
  }

  /** A message arrived now: it enters now when its moment is past here, otherwise at its moment. */
  arrived(mediaId: string, message: DanmakuMessage): void {
    if (!this.feed || mediaId !== this.feed.mediaId || !this.feed.add(message)) return
    if (!this.settings.on || document.hidden) return
    // What lies ahead comes when the film gets there.
    if (this.live || message.atMs <= this.drawnMs) this.pending.push(message)
  }

  /** Draws each frame until the returned function is called. */
  run(): () => void {
    let frame = 0
    const size = new ResizeObserver(() => this.resize())
    const motion = () => this.resize()
    const loop = (nowMs: number) => {
      this.frame(nowMs)
      frame = requestAnimationFrame(loop)
    }
    size.observe(this.deps.layer)
    this.motion.addEventListener('change', motion)
    frame = requestAnimationFrame(loop)
    return () => {
      cancelAnimationFrame(frame)
      size.disconnect()
      this.motion.removeEventListener('change', motion)
      this.renderer.clear()
    }
  }

  /** One step; nowMs is a steady clock. Exposed for tests. */
  frame(nowMs: number): void {
    if (!this.feed || !this.settings.on) return
    const raw = this.live ? nowMs : this.deps.clock.positionMs()
    const { atMs, jumped } = this.smooth.step(raw, this.live ? 1 : this.deps.clock.rate(), nowMs)
    if (jumped || this.refill) this.rebuild(atMs)
    else this.advance(atMs)
    if (!this.live) this.feed.need(atMs, nowMs)
    this.renderer.draw({ atMs })
    this.drawnMs = atMs
  }

  /** New history ahead needs nothing; the picture is laid out anew only for what belongs on it now. */
  private more(firstMs: number): void {
    if (firstMs <= this.drawnMs) this.refill = true
  }

  private resize(): void {
    this.renderer.resize(this.settings, this.motion.matches)
    this.refill = true
  }

  /** Lays out anew what should be on the picture at a time. */
  private rebuild(atMs: number): void {
    this.refill = false
    this.renderer.clear()
    if (this.live) return this.advance(atMs)
    this.pending.length = 0
    for (const line of this.feed?.between(atMs - this.renderer.reachMs, atMs) ?? []) this.renderer.add(line)
  }

  private advance(atMs: number): void {
    if (!this.live && atMs > this.drawnMs) for (const line of this.feed?.between(this.drawnMs, atMs) ?? []) this.renderer.add(line)
    for (const line of this.pending.splice(0)) this.renderer.add({ ...line, atMs })
  }
}
