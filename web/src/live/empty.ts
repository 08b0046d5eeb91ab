import type { SeatView } from './seat'

/** Nobody's seat. */
export const emptySeat: SeatView = {
  life: { value: { phase: 'unknown', stream: null } },
  latencyMs: { value: null },
  targetMs: { value: 0 },
  away: { value: false },
  span: { value: null },
  standing: { value: false },
  gaveUp: { value: false },
  toEdge() {},
  seek() {},
  skip() {},
}
