import type { Gear } from './room'
import { canPlay } from './room'

const enoughS = 1 // of media behind a position that counts as having it

/** Whether the player could go on from a position without the network. */
function hasBuffered(g: Gear, posS: number): boolean {
  const p = g.player
  const from = p.position()
  const enough = Math.min(posS + enoughS, Number.isFinite(p.duration) ? p.duration : Infinity)
  return p.readyState >= 1 && posS >= from && enough <= from + p.bufferedAhead
}

/** What a jump takes on this device, by what has been learned. */
export function seekCostMs(g: Gear, posS: number): number {
  return hasBuffered(g, posS) ? g.latencies.seekMs : g.latencies.loadMs
}

/** One jump that was asked for, to learn from how long it takes. */
export class Sought {
  private at = -Infinity
  private loads = false

  clear(): void {
    this.at = -Infinity
  }

  /** Page time of the jump, -Infinity without one. */
  get atMs(): number {
    return this.at
  }

  /** Moves the player. */
  seek(g: Gear, now: number, posS: number): void {
    this.loads = !hasBuffered(g, posS)
    this.at = now
    g.player.setPosition(posS)
    g.trace.add(now, 'seek', posS)
  }

  /** The player can play on from there: learns how long it took. */
  done(g: Gear, now: number): void {
    if (this.at === -Infinity || !canPlay(g.player)) return
    if (!g.pace.slow) {
      if (this.loads) g.latencies.learnLoad(now - this.at)
      else g.latencies.learnSeek(now - this.at)
    }
    this.clear()
  }
}
