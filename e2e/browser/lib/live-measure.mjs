// From what a page saw and heard of a live stream to numbers. Pure functions; the tests beside this file show them at work.
import { spread } from './measure.mjs'

/**
 * What a page recorded, in ms of the machine's clock. A frame: when it was on the screen, what its burned clock said (-1
 * when it could not be read), whether the lamp was lit, its media time in seconds. A sample: where the element was.
 * @typedef {{t: number, ms: number, lit: boolean, media: number}} Frame
 * @typedef {{t: number, at: number, rate: number, ahead: number, ready: number, decoded: number, dropped: number, bytes: number}} Sample
 * @typedef {{frames: Frame[], samples: Sample[], events: {t: number, type: string}[], onsets: number[]}} Seen
 */

/** Flashes and tones come every 1.5 s: what is further apart than half of that does not belong together. */
const PAIR_MS = 700
/** A frame that comes so long after the one before it was seen to be waited for. */
const STALL_MS = 250

const within = (from, to) => (x) => x.t >= from && x.t < to

/** From camera to screen in ms, of every frame between two times. */
export function latencies(seen, epoch, from = -Infinity, to = Infinity) {
  return seen.frames.filter(within(from, to)).filter((f) => f.ms >= 0).map((f) => f.t - epoch - f.ms)
}

/** For each tone how long after its flash it was heard, in ms; Infinity for a tone without one. */
export function soundAfterPicture(seen, from = -Infinity, to = Infinity) {
  const flashes = seen.frames.filter((f, i) => i > 0 && f.lit && !seen.frames[i - 1].lit).map((f) => f.t)
  return seen.onsets.filter((t) => t >= from && t < to).map((t) => {
    const near = flashes.reduce((best, f) => (Math.abs(t - f) < Math.abs(t - best) ? f : best), Infinity)
    return Math.abs(t - near) <= PAIR_MS ? t - near : Infinity
  })
}

/** How often a frame was waited for, and for how long in all, in ms. */
export function standstills(seen, from, to) {
  const times = [from, ...seen.frames.filter(within(from, to)).map((f) => f.t), to]
  const gaps = times.slice(1).map((t, i) => t - times[i])
  return { longest: Math.max(...gaps), count: gaps.filter((g) => g > STALL_MS).length }
}

/** Frames whose clock, or media time, is before that of the frame before them. */
export function backwards(seen, from, to) {
  const frames = seen.frames.filter(within(from, to)).filter((f) => f.ms >= 0)
  return frames.filter((f, i) => i > 0 && (f.ms < frames[i - 1].ms || f.media < frames[i - 1].media)).length
}

/** The numbers of a page with a picture. */
export function watched(seen, epoch, from, to) {
  const frames = seen.frames.filter(within(from, to))
  const samples = seen.samples.filter(within(from, to))
  const sync = soundAfterPicture(seen, from, to)
  const [first, last] = [samples[0], samples.at(-1)]
  return {
    latency: spread(latencies(seen, epoch, from, to)),
    shown: frames.length,
    unread: frames.filter((f) => f.ms < 0).length,
    decoded: last ? last.decoded - first.decoded : 0,
    dropped: last ? last.dropped - first.dropped : 0,
    standstill: standstills(seen, from, to),
    waits: seen.events.filter(within(from, to)).filter((e) => e.type === 'waiting').length,
    backwards: backwards(seen, from, to),
    sync: { ...spread(sync.map(Math.abs)), mean: sync.reduce((a, b) => a + b, 0) / sync.length },
    rates: [...new Set(samples.map((s) => s.rate))].sort(),
  }
}

/** The numbers of a page with sound alone: how far it came for each second that passed, and how long it stood. */
export function heard(seen, from, to) {
  const samples = seen.samples.filter(within(from, to))
  const [first, last] = [samples[0], samples.at(-1)]
  if (!last || last === first) return { speed: 0, stood: Infinity, bytes: 0 }
  let stood = 0
  let since = first.t
  for (let i = 1; i < samples.length; i++) {
    if (samples[i].at > samples[i - 1].at) since = samples[i].t
    stood = Math.max(stood, samples[i].t - since)
  }
  return { speed: (last.at - first.at) / ((last.t - first.t) / 1000), stood, bytes: last.bytes - first.bytes }
}
