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

/** How long a scrolling line must still wait behind the one before it; 0 when it may enter. */
function waitFor(stage: Stage, before: Placed | undefined, line: Line): number {
  if (!before) return 0
  const entered = before.atMs + (before.width + gap) / speed(stage, before.width)
  const crossing = (stage.width - gap) / speed(stage, line.width)
  return Math.max(0, entered - line.atMs, before.endMs - crossing - line.atMs)
}

/** What stands in one lane: the last scrolling line and the last fixed one. */
interface Lane {
  scroll?: Placed
  fixed?: Placed
}

/** The lanes of one picture, shared by all kinds. Lines must be offered in the order of their times. */
export class Lanes {
  private readonly lanes: Lane[]
  private readonly open: Placed[] = []

  constructor(readonly stage: Stage) {
    this.lanes = Array.from({ length: stage.lanes }, () => ({}))
  }

  /** Gives the line a lane, or null when the picture is full. */
  place(line: Line): Placed | null {
    this.expire(line.atMs)
    if (this.open.length >= this.stage.cap && !line.keep) return null
    const lane = this.choose(line)
    const row = this.lanes[lane]
    if (!row) return null
    const endMs = line.atMs + (line.kind === 'scroll' ? this.stage.crossMs : this.stage.holdMs)
    const placed: Placed = { ...line, lane, endMs }
    row[line.kind === 'scroll' ? 'scroll' : 'fixed'] = placed
    this.open.push(placed)
    return placed
  }

  /** Lines on the picture at the time last offered. */
  get count(): number {
    return this.open.length
  }

  /** The first free lane, from the top, or from below for bottom lines; for a kept line the one free soonest. */
  private choose(line: Line): number {
    let best = -1
    let shortest = Infinity
    for (let i = 0; i < this.lanes.length; i++) {
      const lane = line.kind === 'bottom' ? this.lanes.length - 1 - i : i
      const wait = laneWait(this.stage, this.lanes[lane] as Lane, line)
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

/** A fixed line wants its lane for itself; a scrolling one comes after those in front of it. */
function laneWait(stage: Stage, lane: Lane, line: Line): number {
  const until = (other: Placed | undefined) => Math.max(0, (other?.endMs ?? -Infinity) - line.atMs)
  if (line.kind !== 'scroll') return Math.max(until(lane.fixed), until(lane.scroll))
  return Math.max(until(lane.fixed), waitFor(stage, lane.scroll, line))
}

/** Top edge of a lane in pixels. */
export function top(lane: number, laneHeight: number): number {
  return lane * laneHeight
}
