// One viewer's seat before a live stream: knows what becomes of the stream, holds the player at the distance from the edge
// that everybody has, goes back and returns when the viewer says so, and tries again when the picture stops without need.

import { effect, signal, untracked } from '@preact/signals'
import type { Source } from '../gen/synctv/v1/media_pb'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import type { Media } from '../player/element'
import type { LoadState } from '../player/source'
import { bufferedAhead, ranges } from '../player/timeline'
import { Distance, Edge } from './distance'
import { StreamWatch, type Life } from './watch'

/** What can be gone back to; media milliseconds. */
export interface Span {
  startMs: number
  /** Where everybody is. */
  liveMs: number
  atMs: number
}

/** What the controls show and ask of a seat. */
export interface SeatView {
  readonly life: { readonly value: Life }
  /** How late the picture is, in milliseconds; null when not known. */
  readonly latencyMs: { readonly value: number | null }
  /** The distance that is held. */
  readonly targetMs: { readonly value: number }
  /** The viewer has gone back, or has paused and went on from there. */
  readonly away: { readonly value: boolean }
  readonly span: { readonly value: Span | null }
  /** The picture stands and should not, or there is nothing more to show. */
  readonly standing: { readonly value: boolean }
  /** Trying again did not help. */
  readonly gaveUp: { readonly value: boolean }
  toEdge(): void
  seek(ms: number): void
  skip(ms: number): void
}

export interface SeatDeps {
  media: Media
  load: { readonly value: LoadState; peek(): LoadState }
  /** The source that was resolved last. */
  latest: { readonly value: Source | null }
  /** The server's clock: by which streams of this server are dated. */
  clock: { readonly ready: boolean; server(pageMs: number): number }
  stream(source: Source): Promise<Stream>
  retry(): void
  /** The viewer, or the room, has paused; what the browser does by itself is no wish. */
  held(): boolean
  /** The viewer wants the shortest way, and not the common distance. */
  fast: { readonly value: boolean; peek(): boolean }
  now(): number
}

const everyMs = 100
const showEveryMs = 250
/** Where a stream of this server is held, in milliseconds behind the moment it was received. */
export const togetherMs = 1000
/** And the same for who wants to be first. */
const fastMs = 330
/** From the server's ring to the end of this buffer; what is not dated is measured by its buffer. */
const pipelineMs = 80
/**
 * What is the newest in a playlist was received so long ago at most. Where dates say that it is longer, the encoder is slower
 * than what it encodes, and dates its pictures for when they should have come: a distance to that cannot be held.
 */
const edgeMs = 600
/** A pause longer than this is a wish to go on from there. */
const pauseIsAwayMs = 1000
const nearMs = 1500
/** What the buffer cannot jump to is asked for anew. */
const lostMs = 5000
/** Without movement for so long something is wrong. */
const stuckMs = 4000
const retriesMs = [500, 1500, 3000, 6000, 12_000, 20_000]
const provenMs = 8000

export class LiveSeat implements SeatView {
  readonly life = signal<Life>({ phase: 'unknown', stream: null })
  readonly latencyMs = signal<number | null>(null)
  readonly targetMs = signal(togetherMs)
  readonly away = signal(false)
  readonly span = signal<Span | null>(null)
  readonly standing = signal(false)
  readonly gaveUp = signal(false)
  private readonly distance = new Distance(togetherMs)
  private readonly edge = new Edge()
  private watch: StreamWatch | null = null
  private watching = ''
  private attached: unknown = null
  private pausedAt: number | null = null
  private shownAt = -Infinity
  private movedAt = 0
  private movedFrom = 0
  private place = NaN
  private tries = 0
  private retryAt = Infinity

  constructor(private readonly deps: SeatDeps) {}

  /** Sits until the returned function is called. */
  run(): () => void {
    const timer = setInterval(() => this.tick(this.deps.now()), everyMs)
    const undo = [
      effect(() => this.follow(this.deps.latest.value)),
      effect(() => {
        void this.deps.fast.value
        untracked(() => this.wish())
      }),
    ]
    return () => {
      clearInterval(timer)
      this.watch?.stop()
      for (const f of undo) f()
    }
  }

  /** Whether it is worth to open a source: asks what becomes of its stream. */
  async worth(source: Source): Promise<boolean> {
    if (!source.streamId) return true
    this.follow(source)
    const { phase } = (await this.watch?.refresh()) ?? this.life.peek()
    return phase === 'live' || phase === 'unknown' || phase === 'connecting'
  }

  toEdge(): void {
    this.away.value = false
    this.distance.restart()
    const { media } = this.deps
    const to = this.liveMs() - this.distance.targetMs
    if (Number.isFinite(to) && Math.abs(to / 1000 - media.currentTime) > 0.15) media.currentTime = Math.max(0, to / 1000)
  }

  seek(ms: number): void {
    const start = this.feed()?.start()
    const live = this.liveMs() - this.distance.targetMs
    if (start === null || start === undefined || !Number.isFinite(live)) return
    if (ms > live - nearMs) return this.toEdge()
    this.away.value = true
    this.deps.media.currentTime = Math.max(start + 0.3, ms / 1000)
    this.setRate(1)
    this.show(this.deps.now())
  }

  skip(ms: number): void {
    this.seek(this.deps.media.currentTime * 1000 + ms)
  }

  /** Knows what becomes of the stream behind a source. */
  private follow(source: Source | null): void {
    const id = source?.streamId ?? ''
    if (id === this.watching) return
    this.watching = id
    this.watch?.stop()
    this.watch = null
    this.life.value = { phase: 'unknown', stream: null }
    this.tries = 0
    this.gaveUp.value = false
    if (!source || !id) return
    const watch = new StreamWatch({
      // Addresses, and the tokens in them, may be newer by then.
      fetch: () => this.deps.stream(this.deps.latest.value?.streamId === id ? this.deps.latest.value : source),
      hidden: () => typeof document !== 'undefined' && document.hidden,
      random: Math.random,
    })
    this.watch = watch
    watch.life.subscribe((life) => untracked(() => this.heard(watch, life)))
    void watch.refresh()
  }

  private heard(from: StreamWatch, life: Life): void {
    if (from !== this.watch) return
    const before = this.life.peek().phase
    this.life.value = life
    if (life.phase === 'reconnecting' || life.phase === 'ended') this.distance.forgive(this.deps.now())
    if (life.phase !== 'live' || before === 'live') return
    // It has begun, or has come back: what failed meanwhile says nothing any more.
    this.tries = 0
    this.gaveUp.value = false
    this.movedAt = this.deps.now()
    this.retryAt = Infinity
    const over = this.deps.load.peek().phase === 'failed' || this.deps.media.ended
    if (over && before !== 'unknown') this.deps.retry()
  }

  private feed() {
    const load = this.deps.load.peek()
    return load.phase === 'open' ? (load.engine?.live ?? null) : null
  }

  private wish(): void {
    const load = this.deps.load.peek()
    const asked = this.watching ? null : (this.feed()?.askedMs() ?? null)
    // Who chose the shortest way is first; who only fell back to it stays with everybody.
    const first = load.phase === 'open' && load.engine?.kind === 'flv' && this.deps.fast.peek()
    const ms = asked ?? (first ? fastMs : togetherMs)
    this.distance.wish(ms)
  }

  private tick(now: number): void {
    const load = this.deps.load.peek()
    const feed = this.feed()
    if (feed !== this.attached) this.attach(feed, now)
    this.mind(now, load)
    if (!feed) return
    const { media } = this.deps
    const latency = this.latency(now)
    if (media.paused && this.deps.held()) this.pausedAt ??= now
    else if (!media.paused && this.pausedAt !== null) this.resumed(now)
    if (!this.away.peek() && feed.steers) this.steer(now, latency)
    if (now - this.shownAt >= showEveryMs) this.show(now)
  }

  private attach(feed: unknown, now: number): void {
    this.attached = feed
    this.distance.restart()
    this.edge.restart()
    this.away.value = false
    this.pausedAt = null
    this.place = NaN
    this.movedAt = now
    this.wish()
    if (!feed) {
      this.latencyMs.value = null
      this.span.value = null
    }
  }

  private resumed(now: number): void {
    const long = now - (this.pausedAt ?? now) > pauseIsAwayMs
    this.pausedAt = null
    this.distance.restart()
    if (!long) return
    const start = this.feed()?.start() ?? null
    if (start === null || this.deps.media.currentTime < start) this.toEdge()
    else this.away.value = this.lateBy() > nearMs
  }

  /** How much later than everybody this screen is. */
  private lateBy(): number {
    return (this.latency(this.deps.now()) ?? 0) - this.distance.targetMs
  }

  private steer(now: number, latencyMs: number | null): void {
    const { media } = this.deps
    this.wish()
    const standing = media.paused || media.seeking
    const known = this.watching === '' || this.life.peek().phase === 'live'
    const dry = !standing && media.readyState < 3
    const aheadMs = bufferedAhead(ranges(media.buffered), media.currentTime * 1000)
    const order = this.distance.tick({ nowMs: now, latencyMs, aheadMs, moving: !standing && !dry, dry: dry && known })
    this.targetMs.value = this.distance.targetMs
    if (order.jumpMs) media.currentTime += order.jumpMs / 1000
    else if (!standing && !dry && (this.distance.errorMs ?? 0) > lostMs) this.toEdge()
    this.setRate(order.rate)
  }

  private setRate(rate: number): void {
    const { media } = this.deps
    if (!media.paused && Math.abs(media.playbackRate - rate) > 0.001) media.playbackRate = rate
  }

  /** By the date of what is shown, as far as that can be; else by the playlist; else by the buffer. */
  private latency(now: number): number | null {
    const feed = this.feed()
    const { media, clock } = this.deps
    if (!feed || media.readyState < 1) return null
    const date = this.watching ? feed.dateMs() : null
    const edge = feed.edge()
    const toEdgeMs = edge === null ? Infinity : Math.max(0, (edge - media.currentTime) * 1000)
    if (date !== null) return clock.ready ? Math.min(Math.max(0, clock.server(now) - date), toEdgeMs + edgeMs) : null
    if (edge !== null) return toEdgeMs
    const last = ranges(media.buffered).at(-1)
    return last ? Math.max(0, this.edge.at(now, last[1]) - media.currentTime * 1000 + pipelineMs) : null
  }

  /** The edge in media milliseconds; NaN when not known. */
  private liveMs(): number {
    const late = this.latency(this.deps.now())
    return late === null ? NaN : this.deps.media.currentTime * 1000 + late
  }

  private show(now: number): void {
    this.shownAt = now
    const late = this.latency(now)
    const start = this.feed()?.start() ?? null
    this.latencyMs.value = late
    const atMs = this.deps.media.currentTime * 1000
    this.span.value = late === null || start === null ? null : { startMs: start * 1000, liveMs: atMs + late - this.distance.targetMs, atMs }
  }

  /** Looks whether the picture moves, and tries again, a bounded number of times, when it should and does not. */
  private mind(now: number, load: LoadState): void {
    if (load.phase !== 'open' && load.phase !== 'failed') return
    const { media } = this.deps
    if (media.currentTime !== this.place) {
      // The first picture is no movement yet.
      if (now - this.movedAt > 1000 || Number.isNaN(this.place)) this.movedFrom = now
      this.place = media.currentTime
      if (!media.paused && load.phase === 'open') {
        this.movedAt = now
        this.retryAt = Infinity
        if (now - this.movedFrom > provenMs) this.tries = 0
      }
    }
    const idle = load.phase === 'open' && ((media.paused && !media.ended) || load.engine === null)
    if (idle) this.movedAt = now
    const stands = now - this.movedAt
    this.standing.value = !idle && stands > 600
    this.watch?.urgent(this.standing.peek() && this.life.peek().phase === 'live')
    const phase = this.life.peek().phase
    const due = load.phase === 'failed' ? load.fault.kind !== 'codec' && load.fault.kind !== 'blocked' : stands > stuckMs
    if (!due || (this.watching !== '' && phase !== 'live' && phase !== 'connecting')) return
    if (this.retryAt === Infinity) {
      // What comes from elsewhere takes the time it takes, and the server says when it is there.
      const wait = phase === 'connecting' ? 5000 : retriesMs[this.tries]
      if (wait === undefined) {
        if (load.phase === 'failed') this.gaveUp.value = true
        return
      }
      this.retryAt = now + (load.phase === 'failed' ? wait : 0)
    }
    if (now < this.retryAt) return
    if (phase !== 'connecting') this.tries++
    this.retryAt = Infinity
    this.movedAt = now + (retriesMs[this.tries] ?? 20_000) - stuckMs / 2
    this.deps.retry()
  }
}
