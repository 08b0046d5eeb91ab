import type { Bands } from './bands'
import type { Clock } from './clock'
import type { Latencies } from './latency'
import type { PlaybackState } from './model'
import { positionAt, roomRate } from './model'
import type { Pace } from './pace'
import type { Player } from './player'
import type { Trace } from './trace'

/** Close enough to the end that the media shall run out by itself. */
const tailMs = 60

/** What the parts of the controller share: the player they command and what it is measured against. */
export interface Gear {
  readonly player: Player
  readonly clock: Clock
  readonly latencies: Latencies
  readonly bands: Bands
  readonly trace: Trace
  readonly pace: Pace
}

/** The end of the media as far as the player or the room knows, in ms; Infinity when neither does. */
export function endMs(g: Gear, s: PlaybackState): number {
  const own = g.player.duration * 1000
  const known = Number.isFinite(own) && own > 0 ? own : Infinity
  return Math.min(known, s.durationMs > 0 ? s.durationMs : Infinity)
}

/** Whether the room's position is so near the end that nothing is left to correct. */
export function nearEnd(g: Gear, s: PlaybackState, positionMs: number): boolean {
  return positionMs >= endMs(g, s) - tailMs
}

/** Where the media should stand at a page time, in ms. */
export function targetMs(g: Gear, s: PlaybackState, pageMs: number): number {
  return positionAt(s, g.clock.server(pageMs))
}

/** The room's speed at a page time. */
export function baseRate(g: Gear, s: PlaybackState, pageMs: number): number {
  return roomRate(s, g.clock.server(pageMs))
}

/** Sets the rate if it is another one; reports whether the player took it. */
export function setRate(g: Gear, now: number, rate: number): boolean {
  const want = Math.min(Math.max(rate, 0.0625), 16)
  if (Math.abs(g.player.rate() - want) < 1e-6) return true
  g.player.setRate(want)
  g.trace.add(now, 'rate', want)
  return Math.abs(g.player.rate() - want) < 1e-3
}

/** Whether the player could play on from where it is. */
export function canPlay(p: Player): boolean {
  return !p.seeking && p.readyState >= 3
}
