// What the player shows and what can be asked of it: the seam between the controls, which draw,
// and the conductor, which steers.

import type { ReadonlySignal } from '@preact/signals'
import type { LoopMode } from '../gen/synctv/v1/playback_pb'
import type { SeatView } from '../live/seat'
import type { Range } from './timeline'

/** The numbers behind the pill; null is not known yet. */
export interface SyncNumbers {
  /** Positive is ahead of the room. */
  offsetMs: number | null
  rttMs: number | null
  boundMs: number | null
  /** Speed of the element now, room rate and correction together. */
  rate: number
  bufferMs: number
  /** The browser does not change speed smoothly here; only seeks correct. */
  seekOnly: boolean
}

export type Tone = 'ok' | 'wait' | 'bad' | 'quiet'

/** The pill: a state with one word or short sentence, and a number beside it when there is one. */
export interface PillView {
  state: string
  tone: Tone
  text: string
  detail: string
}

/** Something to say for a few seconds. */
export interface Notice {
  id: number
  text: string
}

export interface Player {
  /** The seat before a live stream; it sits empty while a film plays. */
  readonly seat: SeatView
  /** Media time, refreshed about four times a second; ask now() for the exact one. */
  readonly positionMs: ReadonlySignal<number>
  readonly durationMs: ReadonlySignal<number>
  readonly live: ReadonlySignal<boolean>
  readonly buffered: ReadonlySignal<readonly Range[]>
  /** What the big button shows: whether pressing it would pause. */
  readonly playing: ReadonlySignal<boolean>
  readonly ended: ReadonlySignal<boolean>
  /** The element waits for bytes, since at least 300 ms. */
  readonly stalled: ReadonlySignal<boolean>
  /** The item has its first picture. */
  readonly ready: ReadonlySignal<boolean>
  readonly soundBlocked: ReadonlySignal<boolean>
  readonly localPause: ReadonlySignal<boolean>
  readonly free: ReadonlySignal<boolean>
  /** The item has sound but no picture. */
  readonly audioOnly: ReadonlySignal<boolean>
  readonly sync: ReadonlySignal<SyncNumbers>
  readonly pill: ReadonlySignal<PillView>
  readonly notice: ReadonlySignal<Notice | null>

  /** Media time of the element now, in milliseconds. */
  now(): number
  /** Media milliseconds per millisecond now; 0 while it stands. */
  speed(): number
  /** Where the room is now. */
  roomMs(): number
  /** Milliseconds until the room's hold ends. */
  holdLeftMs(): number

  /** The big button: for the room when permitted, otherwise here only. */
  toggle(): void
  seek(ms: number): void
  skip(ms: number): void
  rate(rate: number): void
  next(): void
  loop(mode: LoopMode): void
  startAnyway(): void
  /** Ends a local pause or the free mode, and joins the room where it is. */
  catchUp(): void
  /** Ends a local pause before a live stream, and returns to where everybody is. */
  backToLive(): void
  resync(): void
  setFree(free: boolean): void
  frameStep(step: 1 | -1): void
  unblockSound(): void
  say(text: string): void
  trace(): string
}
