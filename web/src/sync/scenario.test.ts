import { describe, expect, test } from 'vitest'
import { nets, scenario } from './sim/scenario'
import { percentile } from './sim/world'

const runs = 12

const goals: Record<keyof typeof nets, { p95: number; join: number }> = {
  lan: { p95: 15, join: 1200 },
  wan: { p95: 20, join: 1200 },
  mix: { p95: 30, join: 2500 },
}

describe.each(Object.keys(nets) as (keyof typeof nets)[])('three pages on %s', (net) => {
  const all = Array.from({ length: runs }, (_, i) => scenario(net, i + 1))
  const worst = (pick: (r: (typeof all)[number]) => number) => Math.max(...all.map(pick))

  test('stay together', () => {
    expect(worst((r) => r.skewP95)).toBeLessThanOrEqual(goals[net].p95)
    expect(percentile(all.map((r) => r.skewP95), 0.5)).toBeLessThanOrEqual(goals[net].p95 / 1.5)
  })

  test('come together fast', () => {
    // The very first start of devices that need 20 to 150 ms, of which nothing is known yet.
    expect(percentile(all.map((r) => r.play), 0.5)).toBeLessThanOrEqual(700)
    expect(worst((r) => r.play)).toBeLessThanOrEqual(1000)
    expect(worst((r) => r.seek)).toBeLessThanOrEqual(700)
    expect(worst((r) => r.resume)).toBeLessThanOrEqual(700)
    expect(percentile(all.map((r) => r.join), 0.9)).toBeLessThanOrEqual(goals[net].join)
    expect(worst((r) => r.join)).toBeLessThanOrEqual(goals[net].join * 1.2)
  })

  test('stand on the same frame', () => {
    expect(worst((r) => r.pausedError)).toBeLessThan(0.001)
  })

  test('do little while steady', () => {
    expect(worst((r) => r.ratesPerMinute)).toBeLessThanOrEqual(6)
    expect(worst((r) => r.largestRate)).toBeLessThanOrEqual(0.05)
    expect(worst((r) => r.seeks)).toBeLessThanOrEqual(7 + 2)
  })
})
