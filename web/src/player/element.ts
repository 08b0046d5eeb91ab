// The media element as the sync engine sees it, moved by this device's output delay.

import type { Player as SyncPlayer } from '../sync/player'
import { bufferedAhead, ranges, type Range } from './timeline'

/** The part of HTMLVideoElement that is used; tests bring their own. */
export type Media = Pick<
  HTMLVideoElement,
  | 'currentTime' | 'playbackRate' | 'readyState' | 'seeking' | 'paused' | 'ended' | 'duration' | 'buffered' | 'muted' | 'volume'
  | 'play' | 'pause' | 'videoWidth' | 'addEventListener' | 'removeEventListener'
>

/**
 * Browsers keep positions as whole microseconds and cut off the rest: 64.903, which as a number is a little less, often becomes
 * 64.902999. Measured in Chromium: one position in seven without this, one in twenty with it.
 */
const belowCut = 4e-7

/** Commands a media element. Its sound is late by delayMs, so everything is done that much earlier. */
export class ElementPlayer implements SyncPlayer {
  constructor(private readonly media: Media, private readonly delayMs: () => number) {}

  position(): number {
    return this.media.currentTime - this.delayMs() / 1000
  }

  setPosition(seconds: number): void {
    this.media.currentTime = Math.max(0, seconds + this.delayMs() / 1000) + belowCut
  }

  play(): Promise<void> {
    return this.media.play()
  }

  pause(): void {
    this.media.pause()
  }

  rate(): number {
    return this.media.playbackRate
  }

  setRate(rate: number): void {
    try {
      this.media.playbackRate = rate
    } catch {
      // Some devices know a few rates only; the controller reads back and sees.
    }
  }

  get readyState(): number {
    return this.media.readyState
  }

  get seeking(): boolean {
    return this.media.seeking
  }

  get paused(): boolean {
    return this.media.paused
  }

  get ended(): boolean {
    return this.media.ended
  }

  get duration(): number {
    return this.media.duration
  }

  get bufferedAhead(): number {
    return bufferedAhead(this.ranges(), this.media.currentTime * 1000) / 1000
  }

  ranges(): Range[] {
    return ranges(this.media.buffered)
  }
}
