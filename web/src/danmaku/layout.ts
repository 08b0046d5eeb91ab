// Where danmaku stand: a pure function of the media time, so that pausing, seeking and a
// changed rate need no code of their own. Nothing here knows the DOM.
//
// All scrolling lines cross the picture in the same time, so a long line moves faster than a
// short one. A line may enter a lane when the one before it is wholly on the picture and
// will have left before the new one could touch it.

export type LaneKind = 'scroll' | 'top' | 'bottom'

/** One line that wants a place. Times are media milliseconds, widths CSS pixels. */
export interface Line {
  id: string
  kind: LaneKind
  atMs: number
  width: number
  /** Never dropped: the viewer's own message. */
  keep?: boolean
}

/** A line that has its place. */
export interface Placed extends Line {
  lane: number
  endMs: number
}

/** The picture as the layout sees it; immutable per layout. */
export interface Stage {
  width: number
  /** Lanes that fit into the part of the picture danmaku may use. */
  lanes: number
  /** How long a scrolling line needs to cross, in media milliseconds. */
  crossMs: number
  /** How long a fixed line stays. */
  holdMs: number
  /** Most lines on the picture at one moment. */
  cap: number
}

/** Space kept between two lines of a lane, in CSS pixels. */
export const gap = 24

/** Speed of a scrolling line in pixels per media millisecond. */
export function speed(stage: Stage, width: number): number {
  return (stage.width + width) / stage.crossMs
}

/** Left edge of a placed line at a media time; fixed lines are centred. */
export function left(stage: Stage, line: Placed, nowMs: number): number {
  if (line.kind !== 'scroll') return (stage.width - line.width) / 2
  return stage.width - (nowMs - line.atMs) * speed(stage, line.width)
}

/** How long a lane must still wait before the line may enter it; 0 when it is free. */
export function waitFor(stage: Stage, before: Placed | undefined, line: Line): number {
  if (!before) return 0
  if (line.kind !== 'scroll') return Math.max(0, before.endMs - line.atMs)
  const entered = before.atMs + (before.width + gap) / speed(stage, before.width)
  const crossing = (stage.width - gap) / speed(stage, line.width)
  return Math.max(0, entered - line.atMs, before.endMs - crossing - line.atMs)
}

/** The lanes of one picture. Lines must be offered in the order of their times. */
export class Lanes {
  private readonly last: Record<LaneKind, (Placed | undefined)[]> = { scroll: [], top: [], bottom: [] }
  private readonly open: Placed[] = []

  constructor(readonly stage: Stage) {}

  /** Gives the line a lane, or null when the picture is full. */
  place(line: Line): Placed | null {
    if (this.stage.lanes < 1) return null
    this.expire(line.atMs)
    if (this.open.length >= this.stage.cap && !line.keep) return null
    const lane = this.choose(line)
    if (lane < 0) return null
    const endMs = line.atMs + (line.kind === 'scroll' ? this.stage.crossMs : this.stage.holdMs)
    const placed: Placed = { ...line, lane, endMs }
    this.last[line.kind][lane] = placed
    this.open.push(placed)
    return placed
  }

  /** Lines on the picture at the time last offered. */
  get count(): number {
    return this.open.length
  }

  private choose(line: Line): number {
    // Fixed lines may fill half of the lanes only, so that top and bottom never meet.
    const room = line.kind === 'scroll' ? this.stage.lanes : Math.max(1, Math.floor(this.stage.lanes / 2))
    let best = -1
    let shortest = Infinity
    for (let lane = 0; lane < room; lane++) {
      const wait = waitFor(this.stage, this.last[line.kind][lane], line)
      if (wait === 0) return lane
      if (wait < shortest) {
        shortest = wait
        best = lane
      }
    }
    return line.keep ? best : -1
  }

  private expire(nowMs: number): void {
    for (let i = this.open.length - 1; i >= 0; i--) {
      if ((this.open[i] as Placed).endMs <= nowMs) this.open.splice(i, 1)
    }
  }
}

/** Top edge of a lane in pixels; bottom lines count from the lower end of the area. */
export function top(kind: LaneKind, lane: number, laneHeight: number, areaHeight: number): number {
  return kind === 'bottom' ? areaHeight - (lane + 1) * laneHeight : lane * laneHeight
}
