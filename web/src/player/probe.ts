// A window into the player for tests and measurements: window.__synctv, read-only, present only
// when the address has ?probe=1 or sessionStorage holds "synctv.probe". Nothing runs for it
// unless it is asked.

import type { RoomStore } from '../room/contract'
import type { Engine } from './engine'
import type { Conductor } from './conductor'

export interface Probe {
  /** Media time of this screen, in milliseconds. */
  position(): number
  /** Media time of the room, in milliseconds; null before the clock is ready. */
  target(): number | null
  /** Position minus target as the controller measured it last. */
  errorMs(): number | null
  /** Speed of the element. */
  rate(): number
  state(): { phase: string; pill: string; local: string; stalled: boolean; ready: boolean; blocked: boolean; revision: number; mediaId: string; playing: boolean }
  clock(): { ready: boolean; rttMs: number; errorMs: number; jitterMs: number; samples: number; serverNowMs: number }
  /** The seat before a live stream. */
  live(): { phase: string; latencyMs: number | null; targetMs: number; away: boolean; engine: string; notes: readonly string[] }
  trace(): unknown[]
}

declare global {
  interface Window {
    __synctv?: Probe
  }
}

/** Opens the window; the returned function closes it. */
export function installProbe(c: Conductor, room: RoomStore, engine: () => Engine | null): () => void {
  const playback = () => room.playback.peek()
  const probe: Probe = {
    position: () => c.now(),
    target: () => (c.clock.ready ? c.roomMs() : null),
    errorMs: () => c.status?.errorMs ?? null,
    rate: () => c.sync.peek().rate,
    state: () => ({
      phase: c.status?.phase ?? 'idle', pill: c.pill.peek().state, local: c.controller.local, stalled: c.stalled.peek(),
      ready: c.status?.ready ?? false, blocked: c.soundBlocked.peek(),
      revision: playback()?.revision ?? 0, mediaId: playback()?.mediaId ?? '', playing: playback()?.playing ?? false,
    }),
    clock: () => ({ ready: c.clock.ready, ...c.clock.quality(), serverNowMs: c.clock.server(performance.now()) }),
    live: () => ({
      phase: c.seat.life.value.phase, latencyMs: c.seat.latencyMs.value, targetMs: c.seat.targetMs.value, away: c.seat.away.value, engine: engine()?.kind ?? '', notes: engine()?.live?.notes() ?? [],
    }),
    trace: () => c.controller.trace.entries(),
  }
  window.__synctv = Object.freeze(probe)
  return () => {
    delete window.__synctv
  }
}
