// Draws danmaku with one DOM element a line, moved by transform alone.
//
// Why not a canvas: a line is shaped and painted once and then only composited, which costs
// the same as a cached bitmap without keeping the cache by hand; emoji, font fallback, zoom and
// device pixel ratio are right by themselves; text is set as textContent, so it can never be markup.

import { gap, Lanes, left, top, type Placed, type Stage } from './layout'
import { crossMs, densityCap, holdMs, isBlocked, type DanmakuSettings } from './settings'
import type { DanmakuMessage } from './feed'

interface Shown {
  line: Placed
  node: HTMLElement
  visible: boolean
}

/** What the renderer must know at each frame. */
export interface Frame {
  /** Media time in milliseconds. */
  atMs: number
}

const baseFont = 22
const maxText = 120

/** The lines on one picture. Owns the children of its layer. */
export class Renderer {
  private settings: DanmakuSettings
  private stage: Stage = { width: 0, lanes: 0, crossMs, holdMs, cap: 0 }
  private lanes = new Lanes(this.stage)
  private laneHeight = 0
  private reduced = false
  private shown: Shown[] = []
  private readonly pool: HTMLElement[] = []
  private readonly measure = document.createElement('canvas').getContext('2d')

  constructor(private readonly layer: HTMLElement, settings: DanmakuSettings) {
    this.settings = settings
    this.resize(settings, false)
  }

  /** Reads the size of the layer and the settings anew; everything on it is cleared. */
  resize(settings: DanmakuSettings, reducedMotion: boolean): void {
    this.settings = settings
    this.reduced = reducedMotion
    const width = this.layer.clientWidth
    const height = this.layer.clientHeight
    const font = Math.round(baseFont * settings.size * Math.min(1, Math.max(0.6, width / 900)))
    this.laneHeight = Math.round(font * 1.45)
    this.stage = {
      width,
      lanes: Math.max(0, Math.floor((height * settings.area) / this.laneHeight)),
      crossMs: crossMs / settings.speed,
      holdMs,
      cap: densityCap[settings.density],
    }
    this.layer.style.setProperty('--dm-font', `${font}px`)
    this.layer.style.opacity = String(settings.opacity)
    if (this.measure) this.measure.font = `650 ${font}px ${getComputedStyle(this.layer).fontFamily || 'sans-serif'}`
    this.clear()
  }

  /** Media time a line may lie in the past and still be on the picture. */
  get reachMs(): number {
    return Math.max(this.stage.crossMs, this.stage.holdMs)
  }

  /** Takes everything from the picture. */
  clear(): void {
    for (const s of this.shown) this.retire(s.node)
    this.shown = []
    this.lanes = new Lanes(this.stage)
  }

  /** Puts a line on the picture if it finds a place; times must not fall. */
  add(message: DanmakuMessage): boolean {
    const text = message.text.replace(/\s+/g, ' ').trim().slice(0, maxText)
    if (!text || (!message.own && isBlocked(text, this.settings.blocked))) return false
    const line = this.lanes.place({
      id: message.id,
      kind: this.reduced && message.kind === 'scroll' ? 'top' : message.kind,
      atMs: message.atMs,
      width: this.width(text),
      keep: message.own,
    })
    if (!line) return false
    const node = this.pool.pop() ?? document.createElement('span')
    node.textContent = text
    node.className = message.own ? 'dm-line dm-own' : 'dm-line'
    node.style.color = message.color
    node.style.top = `${top(line.lane, this.laneHeight)}px`
    node.style.visibility = 'hidden'
    this.layer.append(node)
    this.shown.push({ line, node, visible: false })
    return true
  }

  /** Moves every line to where it stands now and drops those that have left. */
  draw(frame: Frame): void {
    let kept = 0
    for (const s of this.shown) {
      if (s.line.endMs <= frame.atMs) {
        this.retire(s.node)
        continue
      }
      this.shown[kept++] = s
      // A fixed line is written once, a moving one each frame.
      if (!s.visible || s.line.kind === 'scroll') s.node.style.transform = `translate3d(${left(this.stage, s.line, frame.atMs).toFixed(1)}px,0,0)`
      if (!s.visible) {
        s.node.style.visibility = 'visible'
        s.visible = true
      }
    }
    this.shown.length = kept
  }

  /** How many lines are on the picture. */
  get count(): number {
    return this.shown.length
  }

  private retire(node: HTMLElement): void {
    node.remove()
    node.textContent = ''
    if (this.pool.length < 64) this.pool.push(node)
  }

  private width(text: string): number {
    const measured = this.measure?.measureText(text).width ?? text.length * this.laneHeight * 0.6
    return Math.min(measured, this.stage.width * 2) + gap / 2
  }
}
