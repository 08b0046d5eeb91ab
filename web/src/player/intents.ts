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

type Guess = { base: number; change: (p: Playback) => Playback }

export class Intents {
  /** The room's state with this viewer's own wish already in it. */
  readonly effective: ReadonlySignal<Playback | null>
  private readonly guess = signal<Guess | null>(null)
  private turn = 0
  private sentSeekAt = -Infinity
  private seekTimer = 0
  private seekTo = 0

  constructor(private readonly deps: IntentsDeps) {
    this.effective = computed(() => {
      const p = deps.room.playback.value
      const g = this.guess.value
      // A newer state of the server has the last word.
      return p && g && p.revision <= g.base ? g.change(p) : p
    })
  }

  play(fromMs?: number): void {
    const at = fromMs === undefined ? {} : { positionMs: fromMs }
    this.act((p) => ({ ...p, ...at, playing: true, atMs: this.deps.serverNow() + expectedLeadMs, leadRate: 0 }), { op: PlaybackOp.PLAY, ...at })
  }

  /** Everybody lands on the picture that was on this screen. */
  pause(atMs: number): void {
    this.act((p) => ({ ...p, positionMs: atMs, playing: false }), { op: PlaybackOp.PAUSE, positionMs: atMs })
  }

  seek(toMs: number): void {
    this.seekTo = toMs
    this.expect((p) => ({ ...p, positionMs: toMs, atMs: this.deps.serverNow() + expectedLeadMs, leadRate: 0 }))
    clearTimeout(this.seekTimer)
    const wait = this.sentSeekAt + seekEveryMs - this.deps.now()
    if (wait <= 0) this.sendSeek()
    else this.seekTimer = window.setTimeout(() => this.sendSeek(), wait)
  }

  rate(rate: number): void {
    this.send({ op: PlaybackOp.RATE, rate })
  }

  next(): void {
    this.send({ op: PlaybackOp.NEXT })
  }

  loop(loop: LoopMode): void {
    this.act((p) => ({ ...p, loop }), { op: PlaybackOp.LOOP, loop })
  }

  startAnyway(): void {
    this.send({ op: PlaybackOp.START_ANYWAY })
  }

  stop(): void {
    clearTimeout(this.seekTimer)
  }

  private sendSeek(): void {
    this.sentSeekAt = this.deps.now()
    this.send({ op: PlaybackOp.SEEK, positionMs: this.seekTo })
  }

  private act(change: Guess['change'], init: Parameters<RoomStore['intent']>[0]): void {
    this.expect(change)
    this.send(init)
  }

  private expect(change: Guess['change']): void {
    this.turn++
    const base = this.deps.room.playback.peek()
    this.guess.value = base && { base: base.revision, change: memo(change) }
  }

  private send(init: Parameters<RoomStore['intent']>[0]): void {
    const turn = this.turn
    const settled = () => {
      if (turn === this.turn) this.guess.value = null
    }
    this.deps.room.intent(init).then(settled, (err: unknown) => {
      settled()
      this.deps.failed(err)
    })
  }
}

/** Keeps the guessed state one and the same object while the state it is about stays. */
function memo(change: Guess['change']): Guess['change'] {
  let from: Playback | null = null
  let to: Playback | null = null
  return (p) => {
    if (p !== from || !to) to = change((from = p))
    return to
  }
}
