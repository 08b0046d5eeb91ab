// From recordings to numbers. Pure functions; the tests beside this file show them at work.
/**
 * @typedef {{t: number, pos: number, moving: boolean, rate: number, ready: number, target: number | null}} Sample
 * @typedef {{samples: Sample[], frames: {t: number, pos: number}[], events: {t: number, type: string, value: unknown}[]}} Recording
 * @typedef {{t: number, skewMs: number, pos: number[], moving: boolean}} Point
 */

/** Distance of the points at which pages are compared, in ms. */
export const GRID_MS = 20
/** Two samples further apart than this have nothing between them. */
const HOLE_MS = 400
/** A step that differs by more than this from playing is a jump, in seconds. */
const JUMP_S = 0.25
/** Skew that counts as together, and how long it must stay so, in ms. */
export const TOGETHER_MS = 40
export const HOLD_MS = 1000

/** The q-th part of the values, 0 to 1, between the neighbours; NaN of none. */
export function percentile(values, q) {
  if (values.length === 0) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  const high = Math.ceil(at)
  // Equal neighbours first: two infinities have no difference.
  return sorted[low] === sorted[high] ? sorted[low] : sorted[low] + (sorted[high] - sorted[low]) * (at - low)
}

export const median = (values) => percentile(values, 0.5)

/** A summary of many values. */
export function spread(values) {
  return { n: values.length, p50: percentile(values, 0.5), p95: percentile(values, 0.95), p99: percentile(values, 0.99), max: values.length ? Math.max(...values) : NaN }
}

/**
 * Where a page was at t; null where it was not watching. A jump is a step, never a slope.
 * @param {Sample[]} samples in order of time
 */
export function whereAt(samples, t) {
  let lo = 0
  let hi = samples.length - 1
  if (hi < 1 || t < samples[0].t || t > samples[hi].t) return null
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1
    if (samples[mid].t <= t) lo = mid
    else hi = mid
  }
  const a = samples[lo]
  const b = samples[hi]
  const gap = b.t - a.t
  if (gap > HOLE_MS) return null
  const moving = a.moving && b.moving && b.pos > a.pos
  const step = b.pos - a.pos
  const play = (gap / 1000) * a.rate
  // Between standing and playing anything from nothing to the whole step is honest.
  if (step < -0.001 || step > play + JUMP_S) return { pos: a.pos + (a.moving ? ((t - a.t) / 1000) * a.rate : 0), moving: false }
  return { pos: gap === 0 ? a.pos : a.pos + (step * (t - a.t)) / gap, moving }
}

/**
 * The pages beside each other from t0 to t1; only points where all of them are seen.
 * @param {Recording[]} pages
 * @returns {Point[]}
 */
export function compare(pages, t0, t1) {
  const out = []
  for (let t = t0; t < t1; t += GRID_MS) {
    const all = pages.map((p) => whereAt(p.samples, t))
    if (all.some((w) => w === null)) continue
    const pos = all.map((w) => w.pos)
    out.push({ t, skewMs: (Math.max(...pos) - Math.min(...pos)) * 1000, pos, moving: all.every((w) => w.moving) })
  }
  return out
}

/**
 * Time in ms from t0 until all pages play, together, and stay together; Infinity when they do not.
 * @param {Point[]} points
 * @param {number} t0
 * @param {(p: Point) => boolean} there says that the event itself has arrived everywhere
 */
export function settleMs(points, t0, there = () => true) {
  return heldMs(points, t0, (p) => p.moving && p.skewMs < TOGETHER_MS && there(p))
}

/** Time in ms from t0 until all pages show the same moment of the film and go on doing so, whether it plays or waits for somebody. */
export function alignMs(points, t0, there = () => true) {
  return heldMs(points, t0, (p) => p.skewMs < TOGETHER_MS && there(p))
}

/** Time in ms from t0 until what is good stays good. */
function heldMs(points, t0, isGood) {
  let since = null
  let last = null
  for (const p of points) {
    if (p.t < t0) continue
    // A hole in the recording proves nothing.
    if (last !== null && p.t - last > HOLE_MS) since = null
    last = p.t
    if (!isGood(p)) since = null
    else if (since === null) since = p.t
    if (since !== null && p.t - since >= HOLD_MS) return Math.max(0, since - t0)
  }
  return Infinity
}

/** Skew of the frames shown, in ms: quantised to a frame and a vsync, so only a cross-check. */
export function frameSkew(pages, t0, t1) {
  const out = []
  for (let t = t0; t < t1; t += GRID_MS) {
    const pos = pages.map((p) => frameAt(p.frames, t))
    if (pos.every((x) => x !== null)) out.push((Math.max(...pos) - Math.min(...pos)) * 1000)
  }
  return out
}

function frameAt(frames, t) {
  let lo = -1
  let hi = frames.length
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1
    if (frames[mid].t <= t) lo = mid
    else hi = mid
  }
  return lo < 0 || t - frames[lo].t > HOLE_MS ? null : frames[lo].pos
}

/** Events of one kind within the windows, over all pages. */
export function count(pages, type, windows) {
  const inside = (t) => windows.some(([a, b]) => t >= a && t < b)
  return pages.reduce((n, p) => n + p.events.filter((e) => e.type === type && inside(e.t)).length, 0)
}

/** Largest distance of a page's speed from 1 within the windows, in per cent. */
export function worstRate(pages, windows) {
  let worst = 0
  for (const p of pages) {
    for (const s of p.samples) {
      if (s.moving && windows.some(([a, b]) => s.t >= a && s.t < b)) worst = Math.max(worst, Math.abs(s.rate - 1) * 100)
    }
  }
  return worst
}

/**
 * Longest time in ms for which the film did not advance between t0 and t1.
 * @param {Sample[]} samples
 */
export function longestStandMs(samples, t0, t1) {
  let worst = 0
  let from = null
  let pos = NaN
  for (const s of samples) {
    if (s.t < t0 || s.t > t1) continue
    if (from === null || s.pos !== pos) {
      from = s.t
      pos = s.pos
    }
    worst = Math.max(worst, s.t - from)
  }
  return worst
}

/** Where all pages stood in [t0, t1): their positions in seconds and the room's, null where one still moved. */
export function standing(pages, t0, t1) {
  return pages.map((p) => {
    const inside = p.samples.filter((s) => s.t >= t0 && s.t < t1)
    const first = inside[0]
    if (!first || inside.some((s) => s.pos !== first.pos || s.moving)) return null
    return { pos: first.pos, target: inside[inside.length - 1].target }
  })
}
