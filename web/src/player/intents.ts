// What this viewer wants of the room: sent as intents, shown at once, taken back when refused.
// Only calls from our own controls arrive here, never an event of the media element.

import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { PlaybackOp, type LoopMode, type Playback } from '../gen/synctv/v1/playback_pb'
import type { RoomStore } from '../room/contract'

/** A scheduled start needs about this long to come back from the server. */
const expectedLeadMs = 700
/** Seeks of one person go out at most this often; the last one always does. */
const seekEveryMs = 150

export interface IntentsDeps {
  room: Pick<RoomStore, 'playback' | 'intent'>
  now(): number
  /** Server time for the page's now. */
  serverNow(): number
  failed(err: unknown): void
}

/** A wish nobody has answered for this long is given up; the connection will say more. */
const giveUpMs = 5000

type Change = (p: Playback) => Playback
type Init = Parameters<RoomStore['intent']>[0]

export class Intents {
  /** The room's state with this viewer's own unanswered wish already in it. */
  readonly effective: ReadonlySignal<Playback | null>
  private readonly guess = signal<Change | null>(null)
  private turn = 0
  private sentSeekAt = -Infinity
  private seekTimer = 0
  private guessTimer = 0
  private seekTo: number | null = null

  constructor(private readonly deps: IntentsDeps) {
    this.effective = computed(() => {
      const p = deps.room.playback.value
      const change = this.guess.value
      return p && change ? change(p) : p
    })
  }

  /** Where an unanswered seek goes, or null. */
  get aimMs(): number | null {
    return this.seekTo
  }

  play(fromMs?: number): void {
    const at = fromMs === undefined ? {} : { positionMs: fromMs }
    const start = { ...at, playing: true, ...this.soon() }
    this.send({ op: PlaybackOp.PLAY, ...at }, this.expect((p) => ({ ...p, ...start })))
  }

  /** Everybody lands on the picture that was on this screen. */
  pause(atMs: number): void {
    const change = { positionMs: atMs, playing: false }
    this.send({ op: PlaybackOp.PAUSE, positionMs: atMs }, this.expect((p) => ({ ...p, ...change })))
  }

  seek(toMs: number): void {
    const change = { positionMs: toMs, ...this.soon() }
    const turn = this.expect((p) => ({ ...p, ...change }))
    this.seekTo = toMs
    clearTimeout(this.seekTimer)
    const wait = this.sentSeekAt + seekEveryMs - this.deps.now()
    if (wait <= 0) this.sendSeek(toMs, turn)
    else this.seekTimer = window.setTimeout(() => this.sendSeek(toMs, turn), wait)
  }

  rate(rate: number): void {
    this.send({ op: PlaybackOp.RATE, rate })
  }

  next(): void {
    this.send({ op: PlaybackOp.NEXT })
  }

  loop(loop: LoopMode): void {
    this.send({ op: PlaybackOp.LOOP, loop }, this.expect((p) => ({ ...p, loop })))
  }

  startAnyway(): void {
    this.send({ op: PlaybackOp.START_ANYWAY })
  }

  stop(): void {
    clearTimeout(this.seekTimer)
    clearTimeout(this.guessTimer)
  }

  private soon(): Pick<Playback, 'atMs' | 'leadRate'> {
    return { atMs: this.deps.serverNow() + expectedLeadMs, leadRate: 0 }
  }

  private sendSeek(toMs: number, turn: number): void {
    this.sentSeekAt = this.deps.now()
    this.send({ op: PlaybackOp.SEEK, positionMs: toMs }, turn)
  }

  /** Shows a wish as if it were granted; the returned turn takes it back. */
  private expect(change: Change): number {
    const turn = ++this.turn
    this.seekTo = null
    this.guess.value = memo(change)
    clearTimeout(this.guessTimer)
    this.guessTimer = window.setTimeout(() => this.settle(turn), giveUpMs)
    return turn
  }

  private settle(turn: number): void {
    if (turn !== this.turn) return
    clearTimeout(this.guessTimer)
    this.seekTo = null
    this.guess.value = null
  }

  private send(init: Init, turn = 0): void {
    this.deps.room.intent(init).then(
      () => this.settle(turn),
      (err: unknown) => {
        this.settle(turn)
        this.deps.failed(err)
      },
    )
  }
}

/** Keeps the guessed state one and the same object while the state it is about stays. */
function memo(change: Change): Change {
  let from: Playback | null = null
  let to: Playback | null = null
  return (p) => {
    if (p !== from || !to) to = change((from = p))
    return to
  }
}
