// Which live items of the queue somebody publishes: what the player hears of the one on the screen, and a look at the others now and then.
import { signal, type ReadonlySignal } from '@preact/signals'
import type { Media, Source } from '../gen/synctv/v1/media_pb'
import { StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { asApiError } from '../net/errors'

/** More of them are not looked after. */
export const most = 8
const everyMs = 20_000

export interface OnAirDeps {
  resolve(mediaId: string): Promise<Source>
  stream(source: Source): Promise<Stream>
  hidden(): boolean
}

export class OnAir {
  /** By the item's id; nothing of those that nobody asked about. */
  readonly items: ReadonlySignal<Readonly<Record<string, boolean>>>
  private readonly known = signal<Readonly<Record<string, boolean>>>({})
  private readonly sources = new Map<string, Source>()

  constructor(private readonly deps: OnAirDeps) {
    this.items = this.known
  }

  /** Asks what becomes of a stream, and remembers it for its item. */
  async ask(source: Source): Promise<Stream> {
    try {
      const stream = await this.deps.stream(source)
      this.note(source.mediaId, stream.state === StreamState.LIVE)
      return stream
    } catch (e) {
      if (asApiError(e).code === 'not_found') this.note(source.mediaId, false)
      throw e
    }
  }

  /** Looks at items until the returned function is called. */
  watch(ids: readonly string[]): () => void {
    let stopped = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const round = async (): Promise<void> => {
      for (const id of this.deps.hidden() ? [] : ids) if (!stopped) await this.look(id)
      if (!stopped) timer = setTimeout(() => void round(), everyMs)
    }
    void round()
    return () => {
      stopped = true
      clearTimeout(timer)
    }
  }

  private async look(id: string): Promise<void> {
    try {
      const source = this.sources.get(id) ?? (await this.deps.resolve(id))
      this.sources.set(id, source)
      await this.ask(source)
    } catch {
      // Its address may have ended; the next look asks for another.
      this.sources.delete(id)
    }
  }

  private note(id: string, on: boolean): void {
    const now = this.known.peek()
    if (now[id] !== on) this.known.value = { ...now, [id]: on }
  }
}

/** Live streams of this server that the player does not look after. */
export function lookedAfter(list: readonly Media[], currentId: string): string[] {
  return list.filter((m) => m.live && m.provider === 'live' && m.id !== currentId).map((m) => m.id).slice(0, most)
}
