// What the controls draw: signals, refreshed a few times a second from the facts of the moment.

import { signal } from '@preact/signals'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { ClockQuality, Status } from '../sync'
import type { Media } from './element'
import type { Range } from './timeline'
import type { Notice, PillView, SyncNumbers } from './view'

/** The moment as the conductor sees it. */
export interface Facts {
  now: number
  status: Status
  media: Media
  playback: Playback | null
  positionMs: number
  roomMs: number
  /** Duration from the queue, for as long as nobody knows better. */
  guessMs: number
  ranges: Range[]
  bufferMs: number
  quality: ClockQuality
}

const stallShownMs = 300
const noticeMs = 3500
/** The room is over within this of the end; this screen a little earlier, when its media is shorter. */
const roomEndMs = 60
const ownEndMs = 700

export class Shown {
  readonly positionMs = signal(0)
  readonly durationMs = signal(0)
  readonly live = signal(false)
  readonly buffered = signal<readonly Range[]>([])
  readonly playing = signal(false)
  readonly ended = signal(false)
  readonly stalled = signal(false)
  readonly ready = signal(false)
  readonly soundBlocked = signal(false)
  readonly localPause = signal(false)
  readonly free = signal(false)
  readonly audioOnly = signal(false)
  readonly sync = signal<SyncNumbers>({ offsetMs: null, rttMs: null, boundMs: null, rate: 1, bufferMs: 0, seekOnly: false })
  readonly pill = signal<PillView>({ state: 'idle', tone: 'quiet', text: '', detail: '' })
  readonly notice = signal<Notice | null>(null)
  private rangesKey = ''
  private drySince: number | null = null
  private noticeTimer = 0
  private notices = 0

  /** Shows a short text for a few seconds. */
  say(text: string): void {
    this.notice.value = { id: ++this.notices, text }
    clearTimeout(this.noticeTimer)
    this.noticeTimer = window.setTimeout(() => (this.notice.value = null), noticeMs)
  }

  protected hush(): void {
    clearTimeout(this.noticeTimer)
  }

  protected show(f: Facts): void {
    const { media, playback, quality } = f
    const own = Number.isFinite(media.duration) ? media.duration * 1000 : 0
    const live = playback?.live ?? false
    const duration = live ? 0 : playback?.durationMs || own || f.guessMs
    if (media.readyState >= 2) this.ready.value = true
    this.live.value = live
    this.positionMs.value = f.positionMs
    this.durationMs.value = duration
    this.showRanges(f.ranges)
    this.audioOnly.value = media.readyState >= 2 && media.videoWidth === 0
    this.ended.value = playback !== null && duration > 0 && f.roomMs >= duration - roomEndMs && f.positionMs >= duration - ownEndMs
    this.stalled.value = this.waitsForBytes(f)
    const known = quality.samples > 0
    this.sync.value = {
      offsetMs: f.status.errorMs, rttMs: known ? quality.rttMs : null, boundMs: known ? quality.errorMs : null,
      rate: media.playbackRate, bufferMs: f.bufferMs, seekOnly: f.status.seekOnly,
    }
  }

  protected showPill(next: PillView): void {
    const now = this.pill.peek()
    if (next.text !== now.text || next.detail !== now.detail || next.state !== now.state) this.pill.value = next
  }

  private showRanges(ranges: Range[]): void {
    const key = ranges.map((r) => r.map(Math.round).join('-')).join()
    if (key !== this.rangesKey) this.buffered.value = ranges
    this.rangesKey = key
  }

  /** Dry for a while: short gaps are not worth a sign. */
  private waitsForBytes({ now, media, status }: Facts): boolean {
    const loading = status.phase !== 'idle' && (media.readyState < 3 || (media.seeking && status.phase !== 'standing'))
    const dry = status.stalledSinceMs !== null || loading
    this.drySince = dry ? (status.stalledSinceMs ?? this.drySince ?? now) : null
    return this.drySince !== null && now - this.drySince >= stallShownMs
  }
}
