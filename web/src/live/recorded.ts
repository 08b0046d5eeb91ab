// The recordings of a stream: asked for page by page, and kept fresh while something is being made. No pages, no words on a screen.

import { signal, type ReadonlySignal } from '@preact/signals'
import { RecordingService, RecordingState, type Recording } from '../gen/synctv/v1/recordings_pb'
import { StreamService, StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { clock, day, timeOfDay } from '../i18n'
import type { Api } from '../net/api'
import { asApiError } from '../net/errors'
import { tell, type LiveWord } from './words'

const pageSize = 20
const busyMs = 3000
const idleMs = 15_000
/** An address that ends this soon is asked for anew. */
const spareMs = 60_000

export interface Listed {
  readonly list: readonly Recording[]
  /** Where the next page begins, "" when everything is here. */
  readonly cursor: string
}

/** The newest page put before what was loaded further down. What the page ought to hold and does not is gone. */
export function merge(known: Listed | null, page: Listed): Listed {
  const last = page.list.at(-1)
  if (!known || !last || page.cursor === '') return page
  const ids = new Set(page.list.map((r) => r.id))
  const older = known.list.filter((r) => !ids.has(r.id) && r.startedMs < last.startedMs)
  return older.length > 0 ? { list: [...page.list, ...older], cursor: known.cursor } : page
}

/** "Today 20:41". */
export function when(r: Recording, nowMs: number): string {
  return `${day(r.startedMs, nowMs)} ${timeOfDay(r.startedMs)}`
}

/** How long and how big, as far as it is known. */
function measures(r: Recording): string {
  return [r.durationMs > 0 ? clock(r.durationMs) : '', size(r.sizeBytes)].filter(Boolean).join(' · ')
}

/** "3.4 MB", "1.2 GB"; nothing for nothing. */
export function size(bytes: number): string {
  if (bytes <= 0) return ''
  const [n, unit] = bytes >= 999.5e6 ? [bytes / 1e9, 'GB'] : [bytes / 1e6, 'MB']
  return `${n.toFixed(n < 10 ? 1 : 0)} ${unit}`
}

/** Where browsers save what they would play. */
export function saveUrl(playUrl: string): string {
  return `${playUrl}${playUrl.includes('?') ? '&' : '?'}download=1`
}

/** Whether somebody publishes, so that it can be recorded. */
export function publishes(s: Stream): boolean {
  return s.state === StreamState.LIVE || s.state === StreamState.RECONNECTING
}

/** Why a recording could not be begun, when it is not for a reason everybody knows. */
export function refusal(thrown: unknown): LiveWord | null {
  const { code } = asApiError(thrown)
  return code === 'unsupported' ? 'recordOff' : code === 'conflict' ? 'recordIdle' : null
}

export class Recorded {
  readonly listed: ReadonlySignal<Listed | null>
  /** The newest look failed, and there is nothing to show. */
  readonly error: ReadonlySignal<unknown>
  private readonly now = signal<Listed | null>(null)
  private readonly trouble = signal<unknown>(null)
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Counts looks, so that an answer that was overtaken is dropped. */
  private look = 0
  private stopped = false
  /** The present broadcast is to be recorded: its recording is about to be here. */
  private wanted = false

  constructor(private readonly api: Api, private readonly streamId: string) {
    this.listed = this.now
    this.error = this.trouble
  }

  /** Looks at the newest page, and again after a while, until stopped: soon while something is recorded. */
  async refresh(wanted = this.wanted): Promise<void> {
    clearTimeout(this.timer)
    this.wanted = wanted
    const look = ++this.look
    try {
      const page = await this.page('')
      if (this.stopped || look !== this.look) return
      this.now.value = merge(this.now.peek(), page)
      this.trouble.value = null
    } catch (e) {
      if (this.stopped || look !== this.look) return
      this.trouble.value = this.now.peek() ? null : e
    }
    const busy = this.wanted || this.now.peek()?.list.some((r) => r.state === RecordingState.RECORDING)
    this.timer = setTimeout(() => void this.refresh(), busy ? busyMs : idleMs)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  async more(): Promise<void> {
    const known = this.now.peek()
    if (!known?.cursor) return
    const page = await this.page(known.cursor)
    const now = this.now.peek()?.list ?? []
    const ids = new Set(now.map((r) => r.id))
    this.now.value = { list: [...now, ...page.list.filter((r) => !ids.has(r.id))], cursor: page.cursor }
  }

  /** Records what is published now. */
  async start(): Promise<Stream> {
    return this.afterwards(await this.api.call(RecordingService.method.startRecording, { streamId: this.streamId }))
  }

  async end(): Promise<Stream> {
    return this.afterwards(await this.api.call(RecordingService.method.stopRecording, { streamId: this.streamId }))
  }

  /** Records every broadcast, or only those that somebody wants. */
  async always(record: boolean): Promise<Stream> {
    return this.afterwards(await this.api.call(StreamService.method.updateStream, { streamId: this.streamId, record }))
  }

  async remove(r: Recording): Promise<void> {
    await this.api.call(RecordingService.method.deleteRecording, { recordingId: r.id })
    this.look++ // what is on its way still holds it
    const known = this.now.peek()
    if (known) this.now.value = { ...known, list: known.list.filter((x) => x.id !== r.id) }
    void this.refresh()
  }

  /** An address to save it from that is good now. */
  async savedFrom(r: Recording, nowMs: number): Promise<string> {
    const fresh = r.expiresMs > nowMs + spareMs ? r : await this.api.call(RecordingService.method.getRecording, { recordingId: r.id })
    return saveUrl(fresh.playUrl)
  }

  private afterwards(s: Stream): Stream {
    void this.refresh(s.recording)
    return s
  }

  private async page(cursor: string): Promise<Listed> {
    const answer = await this.api.call(RecordingService.method.listRecordings, { streamId: this.streamId, page: { limit: pageSize, cursor } })
    return { list: answer.recordings, cursor: answer.page?.nextCursor ?? '' }
  }
}

/** What is said of a recording beside when it was made. */
export function standing(r: Recording): string {
  if (r.state === RecordingState.LOST) return tell('recordLost')
  return [r.state === RecordingState.RECORDING ? tell('recording') : '', measures(r)].filter(Boolean).join(' · ')
}
