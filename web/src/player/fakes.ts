// A room and a media element that live in virtual time, for tests.

import { create } from '@bufbuild/protobuf'
import { signal } from '@preact/signals'
import { MediaSchema, SourceSchema, VariantSchema, type Media, type Source } from '../gen/synctv/v1/media_pb'
import { PlaybackOp, PlaybackSchema, type Playback } from '../gen/synctv/v1/playback_pb'
import type { Member } from '../gen/synctv/v1/members_pb'
import type { Person, Report } from '../gen/synctv/v1/realtime_pb'
import { StreamSchema, StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import type { Room } from '../gen/synctv/v1/rooms_pb'
import type { ClockSample, Connection, RoomStore } from '../room/contract'

/** An element that takes time to start and to seek, and can run dry or refuse to make a sound. */
export class FakeMedia extends EventTarget {
  muted = false
  volume = 1
  paused = true
  seeking = false
  readyState = 4
  duration = 120
  videoWidth = 1280
  buffered = { length: 1, start: () => 0, end: () => this.duration }
  /** Like a browser that wants a gesture. */
  refuseSound = false
  startMs = 40
  seekMs = 60
  private base = 0
  private movedAt = Infinity
  private rate = 1

  get ended(): boolean {
    return this.currentTime >= this.duration
  }

  get currentTime(): number {
    const now = performance.now()
    const moved = !this.paused && now > this.movedAt ? ((now - this.movedAt) / 1000) * this.rate : 0
    return Math.min(this.duration, this.base + moved)
  }

  set currentTime(seconds: number) {
    this.base = Math.min(this.duration, Math.max(0, Math.round(seconds * 1e6) / 1e6))
    this.seeking = true
    this.movedAt = Infinity
    setTimeout(() => {
      this.seeking = false
      this.movedAt = this.paused ? Infinity : performance.now()
      this.dispatchEvent(new Event('seeked'))
    }, this.seekMs)
  }

  get playbackRate(): number {
    return this.rate
  }

  set playbackRate(rate: number) {
    this.settle()
    this.rate = rate
  }

  play(): Promise<void> {
    if (this.refuseSound && !this.muted) return Promise.reject(Object.assign(new Error('gesture'), { name: 'NotAllowedError' }))
    if (this.paused) {
      this.paused = false
      this.movedAt = performance.now() + this.startMs
    }
    return Promise.resolve()
  }

  pause(): void {
    this.settle()
    this.paused = true
    this.movedAt = Infinity
  }

  /** Stops for want of data, and goes on. */
  starve(dry: boolean): void {
    this.settle()
    this.readyState = dry ? 2 : 4
    this.movedAt = dry || this.paused ? Infinity : performance.now()
    this.dispatchEvent(new Event(dry ? 'waiting' : 'playing'))
  }

  private settle(): void {
    this.base = this.currentTime
    if (Number.isFinite(this.movedAt)) this.movedAt = Math.max(this.movedAt, performance.now())
  }
}

/** The server's side of a room, with a delay on both ways. */
export class FakeRoom implements RoomStore {
  readonly info = signal<Room | null>(null)
  readonly me = signal<Member | null>(null)
  readonly sessionId = signal('s1')
  readonly connection = signal<Connection>({ state: 'open' })
  readonly playback = signal<Playback | null>(null)
  readonly media = signal<Media[]>([])
  readonly current = signal<Media | null>(create(MediaSchema, { id: 'med_1', title: 'Film' }))
  readonly messages = signal([])
  readonly people = signal<Person[]>([])
  readonly intents: Parameters<RoomStore['intent']>[0][] = []
  readonly reports: Report[] = []
  pings = 0
  permissions = new Set(['playback_control', 'playback_navigate'])
  refuse: Error | null = null
  delayMs = 30
  private readonly listeners = new Set<(s: ClockSample) => void>()

  /** The server's clock has nothing to do with ours. */
  readonly serverNow = () => performance.now() + 5_000_000

  constructor(state: Partial<Playback>) {
    this.set({ revision: 1, epoch: 'e1', mediaId: 'med_1', rate: 1, atMs: this.serverNow(), durationMs: 120_000, ...state })
  }

  set(change: Partial<Playback>): Playback {
    const now = this.playback.peek()
    return (this.playback.value = create(PlaybackSchema, { ...now, revision: (now?.revision ?? 0) + 1, ...change } as Playback))
  }

  position(): number {
    const p = this.playback.peek() as Playback
    return p.positionMs + (p.playing && !p.hold ? Math.max(0, this.serverNow() - p.atMs) * p.rate : 0)
  }

  can(action: string): boolean {
    return this.permissions.has(action)
  }

  async intent(init: Parameters<RoomStore['intent']>[0]): Promise<Playback> {
    this.intents.push(init)
    await this.travel()
    const refused = this.refuse
    const now = this.serverNow()
    const at = init.positionMs ?? this.position()
    const start = { positionMs: at, atMs: now + 200, leadRate: 0 }
    await this.travel()
    if (refused) throw refused
    switch (init.op) {
      case PlaybackOp.PLAY: return this.set({ playing: true, ...start })
      case PlaybackOp.PAUSE: return this.set({ playing: false, positionMs: at, atMs: now })
      case PlaybackOp.SEEK: return this.set(start)
      default: return this.playback.peek() as Playback
    }
  }

  async say(): Promise<void> {}

  report(report: Report): void {
    this.reports.push(report)
  }

  ping(t0: number): void {
    this.pings++
    if (this.connection.peek().state !== 'open') return
    setTimeout(() => {
      const t1 = this.serverNow()
      setTimeout(() => this.listeners.forEach((l) => l({ t0, t1, t2: t1, t3: performance.now() })), this.delayMs)
    }, this.delayMs)
  }

  onClockSample(listener: (s: ClockSample) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  onDanmaku(): () => void {
    return () => {}
  }

  async danmakuBetween(): Promise<never[]> {
    return []
  }

  async resolve(mediaId: string): Promise<Source> {
    return create(SourceSchema, { mediaId, variants: [create(VariantSchema, { url: 'film.mp4', container: 'mp4' })] })
  }

  async stream(): Promise<Stream> {
    return create(StreamSchema, { id: 'str_1', state: StreamState.LIVE })
  }

  private travel(): Promise<void> {
    return new Promise((done) => setTimeout(done, this.delayMs))
  }
}
