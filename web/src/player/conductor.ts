// The conductor stands between the room, the sync engine and the media element: it feeds the
// controller with states and clock samples, beats, reports, and turns the viewer's wishes into
// intents or into local deeds. Media-element events never become intents.

import { effect, untracked } from '@preact/signals'
import type { LoopMode } from '../gen/synctv/v1/playback_pb'
import type { RoomStore } from '../room/contract'
import { sentence } from '../i18n/errors'
import { emptySeat } from '../live/empty'
import type { SeatView } from '../live/seat'
import { Clock, Controller, Latencies, Model, positionAt, Reporter, type Status } from '../sync'
import { ElementPlayer, type Media } from './element'
import { Heart } from './heart'
import { Intents } from './intents'
import { pillOf } from './pill'
import type { Prefs } from './prefs'
import { toWire } from './report'
import type { LoadState } from './source'
import { Shown } from './shown'
import { say } from './strings'
import { clampPosition } from './timeline'
import type { Player } from './view'

export interface ConductorDeps {
  room: RoomStore
  media: Media
  prefs: Prefs
  /** What the loader has put into the element. */
  load: { readonly value: LoadState }
  now(): number
  wall(): number
  /** Where this viewer sits before a live stream. */
  seat?: SeatView
}

const publishEveryMs = 250
const pingTimeoutMs = 3000
const frameMs = 1000 / 30
/** Below this the pill is green, by mode. */
const calm = { tight: 40, normal: 60, relaxed: 160, off: 1000 }

export class Conductor extends Shown implements Player {
  readonly clock = new Clock()
  readonly controller: Controller
  readonly seat: SeatView
  /** The controller's last word; for the probe. */
  status: Status | null = null
  private readonly model = new Model()
  private readonly reporter = new Reporter()
  private readonly element: ElementPlayer
  private readonly intents: Intents
  private readonly heart: Heart
  private readonly undo: (() => void)[] = []
  private publishedAt = -Infinity
  private attached = ''
  private wasOpen = false

  constructor(private readonly deps: ConductorDeps) {
    super()
    const { room, media, prefs } = deps
    this.seat = deps.seat ?? emptySeat
    this.element = new ElementPlayer(media, () => prefs.delayMs.peek())
    this.controller = new Controller({ model: this.model, clock: this.clock, latencies: new Latencies(prefs.learned.peek()), mode: prefs.mode.peek() })
    this.intents = new Intents({
      room, now: deps.now,
      serverNow: () => this.clock.server(deps.now()),
      failed: (err) => this.say(sentence(err)),
    })
    this.heart = new Heart({ beat: (now) => this.beat(now), woke: () => this.clock.restart(), now: deps.now, wall: deps.wall, media })
  }

  /** Plays along until the returned function is called. */
  run(): () => void {
    const { room, prefs, media, load } = this.deps
    this.undo.push(
      room.onClockSample((s) => {
        this.clock.add(s)
        this.stir()
      }),
      effect(() => {
        const p = this.intents.effective.value
        this.model.reset(p)
        this.stir()
      }),
      effect(() => this.attach(load.value)),
      effect(() => this.connected(room.connection.value.state === 'open')),
      effect(() => this.controller.setMode(prefs.mode.value)),
      effect(() => {
        media.volume = prefs.volume.value
        media.muted = prefs.muted.value || this.soundBlocked.value
      }),
    )
    this.heart.start()
    return () => {
      this.heart.stop()
      this.intents.stop()
      this.hush()
      for (const f of this.undo.splice(0)) f()
      prefs.learned.value = { ...this.controller.latencies.toJSON() }
    }
  }

  // What is asked of us.

  toggle(): void {
    if (this.localPause.peek()) return this.catchUp()
    if (this.free.peek()) return this.toggleHere()
    const p = this.intents.effective.peek()
    if (!p?.mediaId) return
    // Live goes on for everybody else: whoever stops, stops here.
    if (p.live && p.playing) return this.setLocal('paused')
    if (!this.deps.room.can('playback_control')) return this.toggleLocked(p.playing)
    if (p.playing && !this.ended.peek()) this.intents.pause(this.roomPosition())
    else if (this.ended.peek()) this.again(p.playing)
    else this.intents.play()
    this.heart.soon()
  }

  seek(ms: number): void {
    if (this.live.peek()) return this.seat.seek(ms)
    const to = clampPosition(ms, this.durationMs.peek())
    if (this.free.peek()) this.element.setPosition(to / 1000)
    else if (!this.deps.room.can('playback_control')) return this.say(say('locked'))
    else if (this.ended.peek() && to === 0) this.again(this.intents.effective.peek()?.playing ?? false)
    else this.intents.seek(to)
    this.positionMs.value = to
    this.heart.soon()
  }

  skip(ms: number): void {
    if (this.live.peek()) return this.seat.skip(ms)
    this.seek((this.intents.aimMs ?? this.now()) + ms)
  }

  rate(rate: number): void {
    if (this.free.peek()) this.element.setRate(rate)
    else if (!this.deps.room.can('playback_control')) this.say(say('locked'))
    else this.intents.rate(rate)
  }

  next(): void {
    if (this.deps.room.can('playback_navigate')) this.intents.next()
    else this.say(say('locked'))
  }

  loop(mode: LoopMode): void {
    this.intents.loop(mode)
  }

  startAnyway(): void {
    this.intents.startAnyway()
  }

  catchUp(): void {
    this.setLocal('follow')
  }

  backToLive(): void {
    this.seat.toEdge()
    this.setLocal('follow')
  }

  resync(): void {
    if (this.live.peek()) return this.backToLive()
    this.clock.restart()
    this.setLocal('follow')
    this.controller.resync()
    this.heart.soon()
  }

  setFree(free: boolean): void {
    this.setLocal(free ? 'free' : 'follow')
    if (free) this.controller.plainRate(this.deps.now())
  }

  frameStep(step: 1 | -1): void {
    if (this.deps.media.paused) this.seek(this.now() + step * frameMs)
  }

  unblockSound(): void {
    this.soundBlocked.value = false
    this.deps.prefs.muted.value = false
    this.controller.unblock()
    this.heart.soon()
  }

  // What can be asked.

  now(): number {
    return Math.max(0, this.element.position() * 1000)
  }

  /** now, free to be handed around. */
  readonly filmMs = (): number => this.now()

  speed(): number {
    const { media } = this.deps
    return media.paused || media.seeking || media.readyState < 3 ? 0 : media.playbackRate
  }

  roomMs(): number {
    const s = this.model.state
    return s && this.clock.ready ? positionAt(s, this.clock.server(this.deps.now())) : this.now()
  }

  holdLeftMs(): number {
    const hold = this.model.state?.hold
    return hold && this.clock.ready ? hold.untilMs - this.clock.server(this.deps.now()) : 0
  }

  trace(): string {
    return JSON.stringify({ at: new Date(this.deps.wall()).toISOString(), clock: this.clock.quality(), learned: this.controller.latencies, status: this.status, trace: this.controller.trace.entries() })
  }

  /** From the beginning, after the end. */
  private again(playing: boolean): void {
    if (playing) this.intents.seek(0)
    else this.intents.play(0)
  }

  private toggleHere(): void {
    const { media } = this.deps
    if (media.paused) void media.play().catch(() => (this.soundBlocked.value = true))
    else media.pause()
  }

  /** Without control the button stops this screen only, and never starts a room that stands. */
  private toggleLocked(roomPlays: boolean): void {
    if (roomPlays) this.setLocal('paused')
    else this.say(say('locked'))
  }

  private setLocal(how: 'follow' | 'paused' | 'free'): void {
    this.controller.setLocal(how)
    this.localPause.value = how === 'paused'
    this.free.value = how === 'free'
    this.heart.soon()
  }

  /** Where everybody shall stop: on this screen's picture when it is in line, otherwise where the room is. */
  private roomPosition(): number {
    const error = this.status?.errorMs
    return error !== null && error !== undefined && Math.abs(error) < 1000 ? this.now() : this.roomMs()
  }

  private connected(open: boolean): void {
    if (open && !this.wasOpen) {
      this.clock.restart()
      this.reporter.restart()
    }
    this.wasOpen = open
    this.stir()
  }

  private attach(load: LoadState): void {
    const key = load.phase === 'open' && load.engine ? `${load.mediaId} ${load.variant.url}` : ''
    if (key === this.attached) return
    this.attached = key
    this.ready.value = false
    if (load.phase === 'open' && key) this.controller.attach(this.element, load.mediaId)
    else this.controller.detach()
    this.stir()
  }

  /** Beats at once, without making an effect that asks for it depend on what the beat reads. */
  private stir(): void {
    untracked(this.heart.soon)
  }

  private beat(now: number): number {
    const { room } = this.deps
    let nextPing = Infinity
    if (this.wasOpen) {
      if (now >= this.clock.nextPingMs(now)) {
        this.clock.pingSent(now)
        room.ping(now)
      }
      nextPing = this.clock.nextPingMs(now)
    }
    const status = this.controller.tick(now)
    this.status = status
    if (status.blocked) this.refused()
    if (this.wasOpen) this.report(now, status)
    if (this.controller.local === 'paused' && !this.localPause.peek()) this.localPause.value = true
    if (now - this.publishedAt >= publishEveryMs || this.playing.peek() !== this.shouldShowPlaying()) this.publish(now, status)
    return Math.min(status.nextMs, nextPing, this.publishedAt + publishEveryMs, now + pingTimeoutMs)
  }

  /** The browser wants a gesture: play on without sound and ask for one. */
  private refused(): void {
    if (this.soundBlocked.peek()) return
    this.soundBlocked.value = true
    this.controller.unblock()
  }

  private shouldShowPlaying(): boolean {
    if (this.free.peek()) return !this.deps.media.paused
    return !this.localPause.peek() && (this.intents.effective.peek()?.playing ?? false) && !this.ended.peek()
  }

  private publish(now: number, status: Status): void {
    const { room, prefs } = this.deps
    const p = this.intents.effective.peek()
    this.publishedAt = now
    this.show({
      now, status, media: this.deps.media, playback: p, positionMs: this.now(), roomMs: this.roomMs(),
      guessMs: room.current.peek()?.durationMs ?? 0, ranges: this.element.ranges(), bufferMs: this.element.bufferedAhead * 1000, quality: this.clock.quality(),
    })
    this.playing.value = this.shouldShowPlaying()
    this.showPill(pillOf({
      connection: room.connection.peek(), state: this.model.state, setByName: p?.setByName ?? '', people: room.people.peek(),
      status, local: this.controller.local, soundBlocked: this.soundBlocked.peek(), ended: this.ended.peek(), failed: this.failed(),
      clockReady: this.clock.ready, serverMs: this.clock.server(now), calmMs: calm[prefs.mode.peek()] * status.widened,
      seat: { phase: this.seat.life.value.phase, latencyMs: this.seat.latencyMs.value, targetMs: this.seat.targetMs.value, away: this.seat.away.value },
    }))
  }

  private report(now: number, status: Status): void {
    const { room, media } = this.deps
    const said = this.reporter.tick(now, {
      status, state: room.playback.peek(), local: this.controller.local, clock: this.clock.quality(), loadMs: this.controller.latencies.loadMs,
      player: this.attached ? this.element : null, away: document.hidden && media.paused, failed: this.failed(),
    })
    if (said) room.report(toWire(said))
  }

  private failed(): boolean {
    return this.deps.load.value.phase === 'failed'
  }
}
