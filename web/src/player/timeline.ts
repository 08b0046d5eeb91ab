// The arithmetic of the timeline: pixels as times, people as ticks. Pure.

/** Media time under a pointer, from the bar's edges; the bar may lie right to left. */
export function timeAt(x: number, left: number, width: number, durationMs: number, rtl = false): number {
  if (width <= 0) return 0
  const part = Math.min(1, Math.max(0, (x - left) / width))
  return Math.round((rtl ? 1 - part : part) * durationMs)
}

/** Part of the whole in hundredths, bounded. */
export function percent(ms: number, durationMs: number): number {
  if (!(durationMs > 0)) return 0
  return Math.min(100, Math.max(0, (ms / durationMs) * 100))
}

/** Keeps a wished position inside the media; a little before the end, so that the end is not skipped. */
export function clampPosition(ms: number, durationMs: number): number {
  const end = durationMs > 0 ? Math.max(0, durationMs - 250) : Infinity
  return Math.min(end, Math.max(0, ms))
}

/** What the room knows of a person's position; the fields of its presence list. */
export interface Whereabouts {
  name: string
  positionMs: number
  errorMs: number
  free: boolean
  /** 1 is playing, 2 paused, 3 loading, 4 stalled. */
  state: number
}

export interface Tick {
  percent: number
  names: string[]
  positionMs: number
}

/** How far from the room a tick begins. Positions of those who do not follow are up to two seconds old. */
const elsewhereMs = 1000
const staleMs = 3000

/** Where a person stands who is not with the room, or null. Those who follow say how far off they are; that does not age. */
function placeOf(p: Whereabouts, roomMs: number): number | null {
  if (p.state < 1 || p.state > 4) return null
  if (!p.free && p.state <= 2) return Math.abs(p.errorMs) > elsewhereMs ? Math.max(0, roomMs + p.errorMs) : null
  return p.positionMs > 0 && Math.abs(p.positionMs - roomMs) > staleMs ? p.positionMs : null
}

/** Ticks for the people who are elsewhere; those who are near each other share one. */
export function ghostTicks(people: readonly Whereabouts[], roomMs: number, durationMs: number): Tick[] {
  if (!(durationMs > 0)) return []
  const placed = people.flatMap((p) => {
    const positionMs = placeOf(p, roomMs)
    return positionMs === null ? [] : [{ name: p.name, positionMs }]
  })
  const ticks: Tick[] = []
  for (const p of placed.sort((a, b) => a.positionMs - b.positionMs)) {
    const at = percent(p.positionMs, durationMs)
    const last = ticks.at(-1)
    if (last && at - last.percent < 0.6) last.names.push(p.name)
    else ticks.push({ percent: at, names: [p.name], positionMs: p.positionMs })
    if (ticks.length > 50) break
  }
  return ticks
}

export type Range = readonly [fromMs: number, toMs: number]

/** The element's ranges in milliseconds. */
export function ranges(list: { length: number; start(i: number): number; end(i: number): number }): Range[] {
  const out: Range[] = []
  for (let i = 0; i < list.length && i < 20; i++) out.push([list.start(i) * 1000, list.end(i) * 1000])
  return out
}

/** Media buffered without a hole ahead of a position. */
export function bufferedAhead(list: readonly Range[], atMs: number): number {
  for (const [from, to] of list) if (atMs >= from - 100 && atMs < to) return to - atMs
  return 0
}

/** The room's rates a menu offers. */
export const rates = [0.5, 0.75, 1, 1.25, 1.5, 2] as const

/** The next rate up or down the list. */
export function nextRate(rate: number, step: 1 | -1): number {
  const all = step > 0 ? rates : [...rates].reverse()
  return all.find((r) => (step > 0 ? r > rate + 0.01 : r < rate - 0.01)) ?? rate
}
