import { Clock } from '../clock'
import { Controller } from '../controller'
import type { Status } from '../controller'
import type { Mode } from '../bands'
import { Latencies } from '../latency'
import { Model, positionAt } from '../model'
import type { PlaybackState } from '../model'
import { plainDevice, SimPlayer } from './player'
import type { Device } from './player'
import { random } from './random'

/** One way of a connection in ms: base, plus a uniform random part. */
export interface Way {
  readonly base: number
  readonly jitter: number
}

export interface PageSpec {
  readonly up: Way
  readonly down: Way
  readonly device?: Partial<Device>
  /** Page clock against the true one. */
  readonly clockPpm?: number
  readonly joinAt?: number
  readonly mode?: Mode
  /** Shortest time between ticks, as in a throttled tab. */
  readonly tickMs?: number
}

interface Mail {
  readonly at: number
  readonly deliver: () => void
}

const serverEpochMs = 1_763_000_000_000

/** A connection that keeps its order, like a WebSocket. */
class Line {
  private lastUp = 0
  private lastDown = 0
  constructor(private readonly spec: PageSpec, private readonly rnd: () => number) {}

  up(now: number): number {
    this.lastUp = Math.max(this.lastUp, now + this.spec.up.base + this.rnd() * this.spec.up.jitter)
    return this.lastUp
  }

  down(now: number): number {
    this.lastDown = Math.max(this.lastDown, now + this.spec.down.base + this.rnd() * this.spec.down.jitter)
    return this.lastDown
  }
}

export class Page {
  readonly model = new Model()
  readonly clock = new Clock()
  readonly player: SimPlayer
  readonly controller: Controller
  readonly line: Line
  status: Status | null = null
  online = true
  private nextTick: number

  constructor(readonly spec: PageSpec, private readonly world: World, private readonly rnd: () => number) {
    const device = { ...plainDevice, ...spec.device }
    this.player = new SimPlayer(device, rnd, (spec.joinAt ?? 0) + 100)
    this.line = new Line(spec, rnd)
    this.controller = new Controller({ model: this.model, clock: this.clock, latencies: new Latencies(), ...(spec.mode ? { mode: spec.mode } : {}) })
    this.nextTick = spec.joinAt ?? 0
  }

  get joined(): boolean {
    return this.world.now >= (this.spec.joinAt ?? 0)
  }

  /** This page's own clock; it shares neither origin nor speed with the server's. */
  pageTime(t = this.world.now): number {
    return 5_000 + (t - (this.spec.joinAt ?? 0)) * (1 + (this.spec.clockPpm ?? 0) / 1e6)
  }

  step(): void {
    const w = this.world
    this.player.advance(w.now)
    if (!this.joined) return
    const now = this.pageTime()
    if (this.online && now >= this.clock.nextPingMs(now)) this.ping(now)
    if (w.now < this.nextTick) return
    const late = this.rnd() * 3
    this.status = this.controller.tick(now)
    const wait = Math.max(this.status.nextMs - now, this.spec.tickMs ?? 0)
    this.nextTick = w.now + wait + (this.rnd() < 0.3 ? late : 0)
  }

  /** A message wakes the page. */
  receive(s: PlaybackState): void {
    this.model.accept(s)
    if (!this.spec.tickMs) this.nextTick = this.world.now
  }

  private ping(t0: number): void {
    this.clock.pingSent(t0)
    const w = this.world
    w.post(this.line.up(w.now), () => {
      const server = w.serverTime()
      w.post(this.line.down(w.now), () => {
        if (this.online) this.clock.add({ t0, t1: server, t2: server, t3: this.pageTime() })
      })
    })
  }
}

/** Pages, a server that keeps one state, and the network between them, under one true clock in ms. */
export class World {
  now = 0
  readonly pages: Page[]
  state: PlaybackState
  /** The leads of scheduled starts, in order. */
  readonly starts: number[] = []
  readonly samples: { t: number; pos: (number | null)[] }[] = []
  private mail: Mail[] = []

  constructor(specs: PageSpec[], seed: number, state?: Partial<PlaybackState>) {
    this.state = {
      revision: 1, epoch: 'e', mediaId: 'm', positionMs: 0, atMs: serverEpochMs, rate: 1, leadRate: 0, playing: false,
      live: false, durationMs: 0, setBy: '', clientId: '', ...state,
    }
    this.pages = specs.map((spec, i) => new Page(spec, this, random(seed * 1000 + i)))
    for (const p of this.pages) {
      p.controller.attach(p.player, 'm')
      this.at(p.spec.joinAt ?? 0, () => this.send(p))
    }
  }

  serverTime(): number {
    return serverEpochMs + this.now
  }

  post(at: number, deliver: () => void): void {
    this.mail.push({ at, deliver })
  }

  at(t: number, deliver: () => void): void {
    this.post(t, deliver)
  }

  private send(p: Page): void {
    const s = this.state
    this.post(p.line.down(this.now), () => p.online && p.receive(s))
  }

  /** The server changes its state; lead as the server computes it. */
  change(part: Partial<PlaybackState>): void {
    this.state = { ...this.state, hold: undefined, leadRate: 0, ...part, revision: this.state.revision + 1 }
    for (const p of this.pages) if (p.joined) this.send(p)
  }

  lead(): number {
    const worst = Math.max(...this.pages.filter((p) => p.joined).map((p) => p.spec.down.base + p.spec.down.jitter))
    return Math.min(Math.max(worst + 60, 120), 600)
  }

  play(): void {
    this.change({ playing: true, positionMs: this.here(), atMs: this.serverTime() + this.start() })
  }

  private start(): number {
    const lead = this.lead()
    this.starts.push(lead)
    return lead
  }

  pause(): void {
    this.change({ playing: false, positionMs: this.here(), atMs: this.serverTime() })
  }

  seek(ms: number): void {
    this.change({ positionMs: ms, atMs: this.serverTime() + (this.state.playing ? this.start() : 0) })
  }

  rate(rate: number): void {
    const atMs = this.serverTime() + this.lead()
    this.change({ rate, leadRate: this.state.rate, positionMs: positionAt(this.state, atMs), atMs })
  }

  here(): number {
    return positionAt(this.state, this.serverTime())
  }

  run(until: number): void {
    for (; this.now < until; this.now += 1) {
      const due = this.mail.filter((m) => m.at <= this.now).sort((a, b) => a.at - b.at)
      if (due.length > 0) {
        this.mail = this.mail.filter((m) => m.at > this.now)
        for (const m of due) m.deliver()
      }
      for (const p of this.pages) p.step()
      if (this.now % 20 === 0) this.samples.push({ t: this.now, pos: this.pages.map((p) => (p.joined ? p.player.truth() : null)) })
    }
  }

  /** Largest difference between pages at each moment of a span. */
  skews(from: number, to: number): number[] {
    return this.samples
      .filter((s) => s.t >= from && s.t < to)
      .map((s) => s.pos.filter((p): p is number => p !== null))
      .filter((p) => p.length > 1)
      .map((p) => Math.max(...p) - Math.min(...p))
  }

  /** How long after t it takes until all pages are within 40 ms of each other and stay so for 300 ms, while moving. */
  settle(t: number, within = 40): number {
    const after = this.samples.filter((s) => s.t >= t)
    let since: number | null = null
    for (const s of after) {
      const p = s.pos.filter((v): v is number => v !== null)
      const moving = s.pos.every((v, i) => v === null || v !== this.before(s.t, i))
      const ok = moving && Math.max(...p) - Math.min(...p) < within
      since = ok ? (since ?? s.t) : null
      if (since !== null && s.t - since >= 300) return since - t
    }
    return Infinity
  }

  private before(t: number, page: number): number | null {
    const i = this.samples.findIndex((s) => s.t === t)
    return this.samples[i - 1]?.pos[page] ?? null
  }
}

export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN
}
