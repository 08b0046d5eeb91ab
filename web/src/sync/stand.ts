import type { Gear } from './room'
import { canPlay, setRate } from './room'
import { Sought } from './sought'

const exactS = 1e-6 // browsers keep positions as whole microseconds
const retryMs = 500
const maxTries = 3

/** Lands a paused player on one exact position: error 0, verified, not approximately. */
export class Stand {
  private posS = NaN
  private tries = 0
  private readonly sought = new Sought()

  /** Forgets the last position. */
  clear(): void {
    this.posS = NaN
  }

  /** One step; returns whether the player stands there and could play on. */
  tick(g: Gear, now: number, positionMs: number, rate: number): boolean {
    const p = g.player
    if (!p.paused) {
      p.pause()
      g.trace.add(now, 'pause')
    }
    setRate(g, now, rate)
    const posS = exactSeconds(g, positionMs)
    if (posS !== this.posS) {
      this.posS = posS
      this.tries = 0
      this.sought.clear()
    }
    if (this.landed(g)) {
      this.sought.done(g, now)
      return canPlay(p)
    }
    // A player that can only stop at certain frames is not asked for ever.
    const waiting = p.seeking || now - this.sought.atMs < retryMs
    if (p.readyState >= 1 && !waiting && this.tries < maxTries) {
      this.tries++
      this.sought.seek(g, now, posS)
    }
    return this.tries >= maxTries && canPlay(p)
  }

  private landed(g: Gear): boolean {
    if (g.player.seeking) return false
    return Math.abs(g.player.position() - this.posS) <= exactS || (g.player.ended && this.posS >= g.player.duration - 0.05)
  }
}

/** The position in seconds as a browser can keep it, within the media. */
export function exactSeconds(g: Gear, positionMs: number): number {
  const end = g.player.duration
  const s = Math.round(positionMs * 1000) / 1e6
  return Number.isFinite(end) && end > 0 ? Math.min(s, end) : s
}
