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

export interface Elsewhere {
  name: string
  positionMs: number
}

export interface Tick {
  percent: number
  names: string[]
  positionMs: number
}

/** People whose position differs from the room's by more than a second; those who are near each other share a tick. */
export function ghostTicks(people: readonly Elsewhere[], roomMs: number, durationMs: number): Tick[] {
  if (!(durationMs > 0)) return []
  const ticks: Tick[] = []
  const far = people.filter((p) => p.positionMs > 0 && Math.abs(p.positionMs - roomMs) > 1000)
  for (const p of far.sort((a, b) => a.positionMs - b.positionMs)) {
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
