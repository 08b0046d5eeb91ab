import { describe, expect, it } from 'vitest'
import { Distance, Edge, mostRate } from './distance'

/** One viewer in virtual time: media is received a while after it is made, and can stop coming. */
class Viewer {
  now = 0
  /** Media time on the screen; media time t is made at t. */
  at: number
  dried = 0
  rates: number[] = []
  jumps: number[] = []
  private noise = 1

  constructor(readonly d: Distance, startLatency: number, private readonly line: { delayMs: number; outages?: [from: number, to: number][]; noiseMs?: number }) {
    this.at = -startLatency
  }

  get latency(): number {
    return this.now - this.at
  }

  private received(): number {
    const cut = this.line.outages?.find(([from, to]) => this.now >= from && this.now < to)
    return (cut ? cut[0] : this.now) - this.line.delayMs
  }

  /** A little unsteadiness of the clock, the same in every run. */
  private jitter(): number {
    this.noise = (this.noise * 16807) % 2147483647
    return ((this.noise / 2147483647) * 2 - 1) * (this.line.noiseMs ?? 0)
  }

  run(ms: number): this {
    for (const end = this.now + ms; this.now < end; this.now += 100) {
      const ahead = this.received() - this.at
      const dry = ahead <= 0
      const order = this.d.tick({ nowMs: this.now, latencyMs: this.latency + this.jitter(), aheadMs: Math.max(0, ahead), moving: !dry, dry })
      if (dry) this.dried++
      else this.at = Math.min(this.received(), this.at + 100 * order.rate + order.jumpMs)
      this.rates.push(order.rate)
      if (order.jumpMs) this.jumps.push(order.jumpMs)
    }
    return this
  }
}

describe('Distance', () => {
  it.each([
    ['joins early', 400, 100],
    ['joins at the distance', 1000, 250],
    ['joins late', 2600, 250],
    ['joins a whole group of pictures late', 6000, 80],
  ])('holds the distance: %s', (_, start, delayMs) => {
    const v = new Viewer(new Distance(1000), start, { delayMs, noiseMs: 15 }).run(20_000)
    expect(Math.abs(v.latency - 1000)).toBeLessThan(70)
    expect(v.dried).toBe(0)
  })

  it('brings everybody to the same distance, and keeps them there', () => {
    const all = [300, 700, 1300, 1900, 4000].map((start, i) => new Viewer(new Distance(1000), start, { delayMs: 60 + 90 * i, noiseMs: 20 }).run(25_000))
    for (let i = 0; i < 50; i++) {
      const spread = all.map((v) => v.run(100).latency)
      expect(Math.max(...spread) - Math.min(...spread)).toBeLessThan(150)
    }
  })

  it('changes speed by five hundredths at most, and rests when it is there', () => {
    const v = new Viewer(new Distance(1000), 1000, { delayMs: 200 }).run(5000)
    expect(new Set(v.rates)).toEqual(new Set([1]))
    v.at -= 700
    v.rates = []
    v.run(30_000)
    expect(Math.max(...v.rates)).toBeCloseTo(1 + mostRate)
    expect(Math.min(...v.rates)).toBeGreaterThanOrEqual(1 - mostRate)
    expect(v.jumps).toEqual([])
    expect(v.rates.at(-1)).toBe(1)
    expect(Math.abs(v.latency - 1000)).toBeLessThan(70)
  })

  it('does not hurry after what has not come', () => {
    const d = new Distance(1000)
    const orders = Array.from({ length: 60 }, (_, n) => d.tick({ nowMs: n * 100, latencyMs: 4000 + n * 20, aheadMs: 200, moving: true, dry: false }))
    expect(new Set(orders.map((o) => `${o.rate} ${o.jumpMs}`))).toEqual(new Set(['1 0']))
  })

  it('jumps when it is far off, once, and never beyond what has come', () => {
    const v = new Viewer(new Distance(1000), 1000, { delayMs: 300 }).run(5000)
    v.at -= 20_000
    v.run(3000)
    expect(v.jumps.length).toBe(1)
    expect(Math.abs(v.latency - 1000)).toBeLessThan(100)
    const near = new Viewer(new Distance(400), 3000, { delayMs: 380 }).run(200)
    expect(near.jumps[0]).toBeLessThanOrEqual(2620 - 120)
  })

  it('one dry spell is caught up with; two soon after each other widen the distance, a calm minute narrows it', () => {
    const d = new Distance(1000)
    const v = new Viewer(d, 1000, { delayMs: 200, outages: [[10_000, 12_000], [18_000, 20_000]] }).run(16_000)
    expect(d.targetMs).toBe(1000)
    v.run(20_000)
    expect(d.targetMs).toBe(1500)
    expect(Math.abs(v.latency - 1500)).toBeLessThan(100)
    v.run(70_000)
    expect(d.targetMs).toBe(1000)
    expect(Math.abs(v.latency - 1000)).toBeLessThan(100)
  })

  it('a publisher that was away is no reason to widen it', () => {
    const d = new Distance(1000)
    const v = new Viewer(d, 1000, { delayMs: 200, outages: [[10_000, 12_000], [18_000, 20_000]] }).run(12_000)
    d.forgive(v.now)
    v.run(8000)
    expect(d.targetMs).toBe(1000)
    const late = new Viewer(new Distance(1000), 1000, { delayMs: 200, outages: [[10_000, 12_000], [18_000, 20_000]] }).run(20_000)
    expect(late.d.targetMs).toBe(1500)
    late.d.forgive(late.now)
    expect(late.d.targetMs).toBe(1000)
  })

  it('does nothing when nothing is known', () => {
    const d = new Distance(1000)
    expect(d.tick({ nowMs: 0, latencyMs: null, aheadMs: 500, moving: true, dry: false })).toEqual({ rate: 1, jumpMs: 0 })
    expect(d.tick({ nowMs: 100, latencyMs: 5000, aheadMs: 4000, moving: false, dry: false })).toEqual({ rate: 1, jumpMs: 0 })
    expect(d.errorMs).toBeNull()
  })

  it('follows another wish', () => {
    const d = new Distance(1000)
    const v = new Viewer(d, 1000, { delayMs: 100 }).run(5000)
    d.wish(400)
    v.run(20_000)
    expect(Math.abs(v.latency - 400)).toBeLessThan(70)
  })
})

describe('Edge', () => {
  it('is where bytes came earliest, and does not fall back when they come late', () => {
    const e = new Edge()
    expect(e.at(0, 1000)).toBe(1000)
    expect(e.at(100, 1100)).toBe(1100)
    expect(e.at(300, 1100)).toBe(1300)
    expect(e.at(400, 1450)).toBe(1450)
  })
  it('forgets after a while', () => {
    const e = new Edge(1000)
    e.at(0, 1000)
    expect(e.at(1500, 2000)).toBe(2000)
  })
})
