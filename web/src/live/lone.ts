// A room of one: what the stage needs to show a live stream that nobody watches together.

import { create } from '@bufbuild/protobuf'
import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { MediaSchema, SourceSchema, type Media, type Source } from '../gen/synctv/v1/media_pb'
import { PlaybackSchema, type Playback } from '../gen/synctv/v1/playback_pb'
import { StreamService, type Stream } from '../gen/synctv/v1/streams_pb'
import type { Api } from '../net/api'
import type { ClockSample, RoomStore } from '../room/contract'

/** A clock is believed after this many samples. */
const enough = 8
/** Pings nearer to each other than this are of a clock that begins. */
const burstMs = 150
/** Between two looks for a clock. */
const pauseMs = 2000

export class LoneRoom implements RoomStore {
  /** The stream as it was told last. */
  readonly now: ReadonlySignal<Stream>
  readonly info = signal(null)
  readonly me = signal(null)
  readonly sessionId = signal('')
  readonly connection = signal({ state: 'open' as const })
  readonly media = signal<Media[]>([])
  readonly messages = signal([])
  readonly people = signal([])
  readonly playback: ReadonlySignal<Playback>
  readonly current: ReadonlySignal<Media>
  private readonly told: ReturnType<typeof signal<Stream>>
  private readonly listeners = new Set<(s: ClockSample) => void>()
  private samples: ClockSample[] = []
  private anew = true
  private pingedAt = -Infinity
  private lookedAt = -Infinity

  constructor(private readonly api: Api, stream: Stream, private readonly token: string, private readonly clock: () => number) {
    this.told = signal(stream)
    this.now = this.told as ReadonlySignal<Stream>
    this.playback = signal(create(PlaybackSchema, { revision: 1, epoch: 'lone', mediaId: stream.id, rate: 1, playing: true, live: true }))
    this.current = computed(() => create(MediaSchema, { id: stream.id, title: this.now.value.title, provider: 'live', live: true, addedByName: this.now.value.ownerName }))
  }

  can(): boolean {
    return false
  }

  async intent(): Promise<Playback> {
    return this.playback.peek()
  }

  async say(): Promise<void> {}

  report(): void {}

  /** Every look at the stream brings the server's time along; only a clock that begins anew is worth a look of its own. */
  ping(t0: number): void {
    const burst = t0 - this.pingedAt < burstMs
    this.pingedAt = t0
    if (!burst || t0 - this.lookedAt < pauseMs) return
    this.anew = true
    void this.look().catch(() => undefined)
  }

  onClockSample(listener: (s: ClockSample) => void): () => void {
    this.listeners.add(listener)
    for (const s of this.samples) listener(s)
    return () => this.listeners.delete(listener)
  }

  onDanmaku(): () => void {
    return () => {}
  }

  async danmakuBetween(): Promise<never[]> {
    return []
  }

  async resolve(mediaId: string): Promise<Source> {
    const { playback } = await this.look()
    const variants = [
      { url: playback?.hlsUrl ?? '', container: 'hls', proxied: true },
      { url: playback?.flvUrl ?? '', container: 'flv', proxied: true },
    ]
    return create(SourceSchema, { mediaId, streamId: mediaId, live: true, variants: variants.filter((v) => v.url !== '') })
  }

  stream(): Promise<Stream> {
    return this.look()
  }

  private async look(): Promise<Stream> {
    const t0 = this.clock()
    this.lookedAt = t0
    const stream = await this.api.call(StreamService.method.getStream, { streamId: this.now.peek().id, token: this.token })
    const t3 = this.clock()
    this.told.value = stream
    if (stream.nowMs > 0) this.learn({ t0, t1: stream.nowMs, t2: stream.nowMs, t3 })
    return stream
  }

  /** One answer has to do for a whole burst of pings. */
  private learn(s: ClockSample): void {
    const times = this.anew ? enough : 1
    this.anew = false
    this.samples = [...this.samples, s].slice(-enough)
    for (let i = 0; i < times; i++) this.listeners.forEach((l) => l(s))
  }
}
