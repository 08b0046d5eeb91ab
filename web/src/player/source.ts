// From a media id to a playing element: asks for addresses, tries the variants in order, asks
// anew once when they have expired, and otherwise says what is wrong.

import { signal, type ReadonlySignal } from '@preact/signals'
import type { Source, Variant } from '../gen/synctv/v1/media_pb'
import { orderVariants, variantKey, type Engine, type OpenEngine } from './engine'
import type { Fault } from './fault'

export type LoadState =
  | { phase: 'idle' }
  | { phase: 'resolving'; mediaId: string }
  | { phase: 'open'; mediaId: string; source: Source; variant: Variant; engine: Engine | null }
  | { phase: 'failed'; mediaId: string; source: Source | null; fault: Fault | { kind: 'resolve'; message: string } }

export interface SourceDeps {
  video: HTMLVideoElement
  resolve(mediaId: string): Promise<Source>
  open: OpenEngine
  /** A steady clock in milliseconds. */
  now(): number
  /** Whether it is worth to try: a live stream that nobody publishes is not. Without it everything is. */
  worth?(source: Source): Promise<boolean>
}

/** A player that ran this long has proven its addresses; a later fault starts a fresh search. */
const provenMs = 15_000

/** Loads one item at a time into the element. */
export class SourceLoader {
  readonly state: ReadonlySignal<LoadState>
  /** Counts changes of levels and tracks, to be read beside the engine. */
  readonly changes = signal(0)
  /** The source that was resolved last, whatever became of it. */
  readonly latest = signal<Source | null>(null)
  private readonly current = signal<LoadState>({ phase: 'idle' })
  private turn = 0
  private engine: Engine | null = null
  private queue: Variant[] = []
  private resolvedAgain = false
  private openedAt = 0
  /** Key of the variant the viewer chose, "" for the best. */
  private wished = ''
  private lastFault: Fault = { kind: 'unreachable' }

  constructor(private readonly deps: SourceDeps) {
    this.state = this.current
  }

  /** Starts with an item; an empty id empties the element. The wish, a container such as "flv", is the viewer's of before. */
  load(mediaId: string, wish = ''): void {
    this.wished = wish
    this.restart(mediaId)
  }

  /** Tries the current item from the beginning. */
  retry(): void {
    const now = this.current.peek()
    if (now.phase !== 'idle') this.restart(now.mediaId)
  }

  /** Plays another variant of the current item. */
  choose(variant: Variant): void {
    const now = this.current.peek()
    this.wished = variantKey(variant)
    if (now.phase === 'open' || now.phase === 'failed') {
      if (now.source) this.begin(now.mediaId, now.source, ++this.turn)
    }
  }

  /** Stops and releases the element. */
  destroy(): void {
    this.turn++
    this.close()
    this.current.value = { phase: 'idle' }
  }

  private restart(mediaId: string): void {
    const turn = ++this.turn
    this.close()
    this.resolvedAgain = false
    if (this.latest.peek()?.mediaId !== mediaId) this.latest.value = null
    if (!mediaId) {
      this.current.value = { phase: 'idle' }
      return
    }
    void this.resolve(mediaId, turn)
  }

  private async resolve(mediaId: string, turn: number): Promise<void> {
    this.current.value = { phase: 'resolving', mediaId }
    try {
      const source = await this.deps.resolve(mediaId)
      if (turn !== this.turn) return
      this.latest.value = source
      if (await this.given(source, turn, mediaId)) this.begin(mediaId, source, turn)
    } catch (err) {
      if (turn !== this.turn) return
      const message = err instanceof Error ? err.message : ''
      this.current.value = { phase: 'failed', mediaId, source: null, fault: { kind: 'resolve', message } }
    }
  }

  /** False when it is not worth to try now, or not asked for any more. */
  private async given(source: Source, turn: number, mediaId: string): Promise<boolean> {
    if (!source.live || !this.deps.worth) return turn === this.turn
    const worth = await this.deps.worth(source)
    if (turn !== this.turn) return false
    if (!worth) this.current.value = { phase: 'failed', mediaId, source, fault: { kind: 'missing', status: 404 } }
    return worth
  }

  private begin(mediaId: string, source: Source, turn: number): void {
    this.queue = orderVariants(source.variants, this.deps.video, this.wished, source.live)
    this.lastFault = { kind: 'missing' }
    void this.tryNext(mediaId, source, turn)
  }

  private async tryNext(mediaId: string, source: Source, turn: number): Promise<void> {
    this.close()
    const variant = this.queue.shift()
    if (!variant) return this.exhausted(mediaId, source, turn)
    this.current.value = { phase: 'open', mediaId, source, variant, engine: null }
    this.openedAt = this.deps.now()
    const mine = () => turn === this.turn
    let faulted = false
    const onFault = (fault: Fault) => {
      if (!mine() || faulted) return
      faulted = true
      this.fault(fault, mediaId, source, turn)
    }
    try {
      const engine = await this.deps.open(this.deps.video, variant, source, { onFault, onChange: () => this.changes.value++, wanted: mine })
      if (!mine() || faulted) return engine.destroy()
      this.engine = engine
      this.current.value = { phase: 'open', mediaId, source, variant, engine }
    } catch (err) {
      onFault(isFault(err) ? err : { kind: 'unreachable' })
    }
  }

  private fault(fault: Fault, mediaId: string, source: Source, turn: number): void {
    this.lastFault = fault
    if (this.deps.now() - this.openedAt > provenMs) {
      this.resolvedAgain = false
      this.queue = []
    }
    void this.goOn(mediaId, source, turn)
  }

  private async goOn(mediaId: string, source: Source, turn: number): Promise<void> {
    if (source.live) this.close()
    if (await this.given(source, turn, mediaId)) await this.tryNext(mediaId, source, turn)
  }

  private exhausted(mediaId: string, source: Source, turn: number): void {
    // Fresh addresses cure an expired link and often a broken connection, never a codec.
    const curable = this.lastFault.kind === 'expired' || this.lastFault.kind === 'unreachable'
    if (curable && !this.resolvedAgain) {
      this.resolvedAgain = true
      void this.resolve(mediaId, turn)
      return
    }
    this.current.value = { phase: 'failed', mediaId, source, fault: this.lastFault }
  }

  private close(): void {
    this.engine?.destroy()
    this.engine = null
  }
}

function isFault(err: unknown): err is Fault {
  return typeof err === 'object' && err !== null && 'kind' in err
}
