import type { PlaybackState } from './model'
import { positionAt } from './model'
import type { Gear } from './room'
import { baseRate, canPlay, nearEnd, setRate } from './room'
import { seekCostMs, Sought } from './sought'
import { exactSeconds } from './stand'

const marginMs = 60 // for timers that come late
const lateMs = 250 // a start later than this is given up for another meeting
const maxTries = 5

interface Plan {
  readonly posS: number
  readonly atMs: number // server time at which the room is at posS
  readonly tries: number
}

/** What a step has led to: wait until a page time, the player was started, or there is nothing left to play. */
export type Step = { readonly kind: 'wait'; readonly untilMs: number } | { readonly kind: 'go'; readonly lateMs: number } | { readonly kind: 'over' }

/**
 * Brings a paused player into a moving room: choose a position that the room will reach, stand there with buffers full, and
 * start at the right moment, earlier by what starting takes on this device. Scheduled starts are the case where the room
 * has chosen the position itself.
 */
export class Meeting {
  private plan: Plan | null = null
  private readonly jump = new Sought()
  private sought = false

  clear(): void {
    this.plan = null
  }

  tick(g: Gear, now: number, s: PlaybackState): Step {
    const p = g.player
    if (!p.paused) {
      p.pause()
      g.trace.add(now, 'pause')
    }
    if (!this.plan || Math.abs(positionAt(s, this.plan.atMs) - this.plan.posS * 1000) > 1) this.choose(g, now, s, 0)
    const plan = this.plan
    if (!plan) return { kind: 'over' }
    if (!this.stand(g, now, plan)) return { kind: 'wait', untilMs: now + 15 }
    const fire = g.clock.page(plan.atMs) - g.latencies.startMs
    if (now < fire - 0.5) return { kind: 'wait', untilMs: Math.min(fire, now + 100) }
    if (now - fire > (g.pace.slow ? 1500 : lateMs) && plan.tries < maxTries) {
      this.choose(g, now, s, plan.tries + 1)
      return this.plan ? { kind: 'wait', untilMs: now + 5 } : { kind: 'over' }
    }
    setRate(g, now, baseRate(g, s, now))
    this.plan = null
    return { kind: 'go', lateMs: Math.max(0, now - fire) }
  }

  /** Puts the player on the plan's position; true when it could start. */
  private stand(g: Gear, now: number, plan: Plan): boolean {
    const p = g.player
    if (p.readyState < 1) return false
    if (!this.sought) {
      this.sought = true
      if (p.seeking || Math.abs(p.position() - plan.posS) > 1e-6) {
        this.jump.seek(g, now, plan.posS)
        return false
      }
    }
    if (!canPlay(p)) return false
    this.jump.done(g, now)
    return true
  }

  /** How long it takes to be ready: nothing for a player that already stands where the room starts. */
  private leadMs(g: Gear, now: number, s: PlaybackState, tries: number): number {
    const server = g.clock.server(now)
    const there = canPlay(g.player) && Math.abs(g.player.position() - exactSeconds(g, s.positionMs)) <= 1e-6
    if (there && tries === 0 && s.leadRate === 0 && server + g.latencies.startMs < s.atMs + lateMs) return 0
    // Every failed meeting gives the next one more time: the network decides how long a seek takes.
    // The room has chosen a start that everybody is expected to reach: hope for the best once.
    const scheduled = tries === 0 && s.leadRate === 0 && server < s.atMs
    const cost = scheduled ? g.latencies.seekMs : seekCostMs(g, positionAt(s, server) / 1000)
    return (cost * (1 + tries / 2) + g.latencies.startMs + marginMs) * (1 + tries / 4)
  }

  private choose(g: Gear, now: number, s: PlaybackState, tries: number): void {
    const lead = this.leadMs(g, now, s, tries)
    const soonest = g.clock.server(now) + lead
    // A start that cannot be reached in time is not chased: whoever has to seek anyway meets the room a moment later.
    const atMs = lead === 0 ? s.atMs : s.leadRate === 0 ? Math.max(s.atMs, soonest) : soonest
    const pos = positionAt(s, atMs)
    if (nearEnd(g, s, pos)) {
      this.plan = null
      return
    }
    this.plan = { posS: exactSeconds(g, pos), atMs, tries }
    this.sought = false
    this.jump.clear()
  }
}
