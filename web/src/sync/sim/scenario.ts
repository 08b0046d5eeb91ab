import { percentile, World } from './world'
import type { PageSpec, Way } from './world'
import { random } from './random'

const way = (base: number, jitter: number): Way => ({ base, jitter })
const line = (base: number, jitter: number): Pick<PageSpec, 'up' | 'down'> => ({ up: way(base, jitter), down: way(base, jitter) })

export const nets = {
  lan: [line(0.5, 0.5), line(0.5, 0.5), line(0.5, 0.5)],
  wan: [line(50, 30), line(50, 30), line(50, 30)],
  mix: [line(0.5, 0.5), line(50, 30), line(125, 120)],
} as const

/** How long the simulated media takes to load. */
const loadMs = 100

export interface Result {
  skewP50: number
  skewP95: number
  skewMax: number
  play: number
  join: number
  seek: number
  resume: number
  pausedError: number
  ratesPerMinute: number
  largestRate: number
  seeks: number
}

/** Two pages play, the third joins at 8 s; seek at 16 s, pause at 24 s, resume at 26 s, steady until 86 s. */
export function scenario(net: keyof typeof nets, seed: number): Result {
  const rnd = random(seed)
  const specs = nets[net].map((l, i): PageSpec => ({
    ...l,
    joinAt: i === 2 ? 8000 : 0,
    clockPpm: (rnd() - 0.5) * 80,
    device: {
      startMs: 20 + rnd() * 130, seekMs: 30 + rnd() * 50, rateLagMs: 100 + rnd() * 100, engageMs: rnd() * 30,
      spreadMs: 12, driftPpm: (rnd() - 0.5) * 120, noiseMs: 1.5,
    },
  }))
  const w = new World(specs, seed)
  w.at(2500, () => w.play())
  w.at(16_000, () => w.seek(60_000))
  w.at(24_000, () => w.pause())
  w.at(26_000, () => w.play())
  w.run(25_900)
  const pausedError = Math.max(...w.pages.map((p) => Math.abs(p.player.position() * 1000 - w.state.positionMs)))
  w.run(86_000)
  const steady = [...w.skews(7000, 7980), ...w.skews(12_000, 16_000), ...w.skews(20_000, 24_000), ...w.skews(30_500, 86_000)]
  const rates = w.pages.map((p) => p.player.calls.filter((c) => c.what === 'rate' && c.t > 31_000))
  return {
    skewP50: percentile(steady, 0.5), skewP95: percentile(steady, 0.95), skewMax: percentile(steady, 1),
    play: w.settle(2500 + w.starts[0]!), join: w.settle(8000 + loadMs), seek: w.settle(16_000 + w.starts[1]!), resume: w.settle(26_000 + w.starts[2]!),
    pausedError, ratesPerMinute: (Math.max(...rates.map((r) => r.length)) / 55) * 60,
    largestRate: Math.max(0, ...rates.flat().map((c) => Math.abs((c.value ?? 1) - 1))),
    seeks: w.pages.reduce((n, p) => n + p.player.calls.filter((c) => c.what === 'seek').length, 0),
  }
}
