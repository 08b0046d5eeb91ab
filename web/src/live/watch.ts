// What becomes of a live stream: asks the server now and then, more often when something is about to change.

import { signal, type ReadonlySignal } from '@preact/signals'
import { StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { asApiError } from '../net/errors'

/**
 * What a viewer is told. unknown: nobody has answered yet. connecting: it comes from elsewhere, and does so once somebody asks
 * for it. waiting: not begun since this viewer came. reconnecting: the
 * publisher dropped a moment ago. ended: it was live while this viewer was here. gone: deleted, or closed for this viewer.
 */
export type Phase = 'unknown' | 'waiting' | 'connecting' | 'live' | 'reconnecting' | 'ended' | 'gone'

export interface Life {
  phase: Phase
  stream: Stream | null
}

/** The phase that follows from what the server says and what this viewer has seen. */
export function nextPhase(before: Phase, state: StreamState, pulled = false): Phase {
  switch (state) {
    case StreamState.CONNECTING: return 'connecting'
    case StreamState.LIVE: return 'live'
    case StreamState.RECONNECTING: return 'reconnecting'
    default:
      if (pulled) return 'connecting'
      return before === 'live' || before === 'reconnecting' || before === 'ended' ? 'ended' : 'waiting'
  }
}

/** How long until the server is asked again, in milliseconds. */
export function pauseMs(phase: Phase, urgent: boolean, hidden: boolean): number {
  const wait = urgent || phase === 'reconnecting' ? 1000 : phase === 'live' ? 10_000 : phase === 'gone' ? 15_000 : 2500
  return hidden ? wait * 4 : wait
}

export interface WatchDeps {
  fetch(): Promise<Stream>
  hidden(): boolean
  /** 0 to 1; a thousand viewers do not ask in the same moment. */
  random(): number
}

export class StreamWatch {
  readonly life: ReadonlySignal<Life>
  private readonly current = signal<Life>({ phase: 'unknown', stream: null })
  private timer: ReturnType<typeof setTimeout> | undefined
  private flight: Promise<Life> | null = null
  private stopped = false
  private pressing = false

  constructor(private readonly deps: WatchDeps) {
    this.life = this.current
  }

  /** Asks now; whoever asks meanwhile gets the same answer. Trouble leaves what is known. */
  refresh(): Promise<Life> {
    this.flight ??= this.ask().finally(() => {
      this.flight = null
      this.plan()
    })
    return this.flight
  }

  /** The picture stands: news is near. */
  urgent(on: boolean): void {
    if (on === this.pressing) return
    this.pressing = on
    if (on) void this.refresh()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async ask(): Promise<Life> {
    const before = this.current.peek()
    try {
      const stream = await this.deps.fetch()
      if (!this.stopped) this.current.value = { phase: nextPhase(before.phase, stream.state, stream.pulled), stream }
    } catch (e) {
      if (!this.stopped && asApiError(e).code === 'not_found') this.current.value = { phase: 'gone', stream: before.stream }
    }
    return this.current.peek()
  }

  private plan(): void {
    clearTimeout(this.timer)
    if (this.stopped) return
    const wait = pauseMs(this.current.peek().phase, this.pressing, this.deps.hidden())
    this.timer = setTimeout(() => void this.refresh(), wait * (0.8 + 0.4 * this.deps.random()))
  }
}
