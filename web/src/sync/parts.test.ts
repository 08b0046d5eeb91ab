import { describe, expect, test } from 'vitest'
import { Bands } from './bands'
import type { Status } from './controller'
import { Latencies } from './latency'
import type { PlaybackState } from './model'
import { pill } from './pill'
import type { PillInputs } from './pill'
import { Reporter } from './reporter'
import type { ReportInputs } from './reporter'
import { rateLagMs, Steer } from './steer'
import { Trace } from './trace'
import { Window } from './window'

const status: Status = {
  phase: 'running', errorMs: 5, correction: 1, stalledSinceMs: null, seeking: false, blocked: false, ready: true,
  widened: 1, seekOnly: false, nextMs: 0,
}
const state: PlaybackState = {
  revision: 7, epoch: 'e', mediaId: 'm', positionMs: 0, atMs: 0, rate: 1, leadRate: 0, playing: true, live: false,
  durationMs: 0, setBy: 'bo', clientId: '',
}
const clock = { rttMs: 10, minRttMs: 8, oneWayMs: 4, jitterMs: 1, errorMs: 4, samples: 20 }

describe('steer', () => {
  test('a burst moves what it was planned for, whatever the lag', () => {
    for (const e of [-500, -80, -9, 7, 30, 140, 550]) {
      const s = new Steer()
      s.plan(1000, e, { maxRate: Math.abs(e) > 150 ? 0.25 : 0.06, minMs: 1000 })
      expect(s.plannedMs).toBeCloseTo(e, 6)
      expect(s.pending(1000)).toBeCloseTo(e, 6)
      expect(s.pending(s.endMs + rateLagMs)).toBeCloseTo(0, 6)
      expect(Math.abs(s.delta)).toBeLessThanOrEqual(0.25)
    }
  })

  test('replacing a burst keeps the sum', () => {
    const s = new Steer()
    s.plan(0, 60, { maxRate: 0.06, minMs: 1000 })
    s.plan(500, 20, { maxRate: 0.06, minMs: 1000 }) // 20 more than the rest of the first
    const first = 0.06 * 500
    expect(s.pending(0)).toBeCloseTo(first + 30 + 20, 6)
  })

  test('no burst is shorter than the player can follow', () => {
    const s = new Steer()
    s.plan(0, 0.2, { maxRate: 0.06, minMs: 1000 })
    expect(s.endMs).toBe(200)
    expect(Math.abs(s.plannedMs)).toBeLessThanOrEqual(1)
  })
})

test('window: the median is not bent by one bad reading', () => {
  const w = new Window(5)
  for (const [i, e] of [1, 2, 500, 3, 2].entries()) w.add(i, e)
  expect(w.median(5, 3)).toBe(2)
  expect(w.median(5, 3, 2)).toBeNull()
  expect(w.median(3000, 3)).toBeNull()
  expect(w.spread()).toBe(1)
})

describe('bands', () => {
  test('double after two seeks in ten seconds, for a minute, at most to four times', () => {
    const b = new Bands()
    b.sought(0)
    expect(b.widened(1)).toBe(1)
    b.sought(9000)
    expect([b.widened(9001), b.current(9001).enter]).toEqual([2, 24])
    b.sought(12_000)
    b.sought(14_000)
    expect(b.widened(14_001)).toBe(4)
    expect(b.widened(80_000)).toBe(1)
  })

  test('give up on rates that do nothing', () => {
    const b = new Bands()
    for (let i = 0; i < 3; i++) b.judge(50, 2)
    expect(b.seekOnly).toBe(false)
    b.judge(50, 48)
    for (let i = 0; i < 4; i++) b.judge(50, 2)
    expect(b.seekOnly).toBe(true)
    b.sought(0)
    expect([b.maySeek(14_000), b.maySeek(15_000), b.current(0).seek]).toEqual([false, true, 250])
    b.forget()
    expect(b.seekOnly).toBe(false)
  })
})

test('latencies are learned, bounded and kept', () => {
  const l = new Latencies()
  for (let i = 0; i < 20; i++) l.learnStart(140)
  l.learnStart(NaN)
  l.learnStart(90_000)
  l.learnSeek(-500)
  expect(Math.abs(l.startMs - 140)).toBeLessThan(2)
  expect(new Latencies(l.toJSON()).startMs).toBeCloseTo(l.startMs, 0)
  expect(new Latencies({ startMs: -5, seekMs: NaN }).startMs).toBe(75)
})

test('trace keeps the newest entries in order', () => {
  const t = new Trace(3)
  for (let i = 0; i < 5; i++) t.add(i, 'rate', i)
  expect(t.entries().map((e) => e.t)).toEqual([2, 3, 4])
  expect(t.count('rate', 3)).toBe(2)
})

describe('reporter', () => {
  const inputs = (part: Partial<ReportInputs> = {}): ReportInputs => ({ status, state, local: 'follow', clock, loadMs: 240, player: null, ...part })

  test('once a second, and at once when something happens', () => {
    const r = new Reporter()
    expect(r.tick(0, inputs())).toMatchObject({ activity: 'playing', readyRevision: 7, errorMs: 5, oneWayMs: 4 })
    expect(r.tick(500, inputs())).toBeNull()
    expect(r.tick(600, inputs({ status: { ...status, stalledSinceMs: 590 } }))).toMatchObject({ activity: 'stalled', stalledSinceMs: 590 })
    expect(r.tick(650, inputs())).toBeNull()
    expect(r.tick(800, inputs())).toMatchObject({ activity: 'playing' })
    expect(r.tick(1799, inputs())).toBeNull()
    expect(r.tick(1800, inputs())).not.toBeNull()
    r.restart()
    expect(r.tick(1801, inputs())).not.toBeNull()
  })

  test('not ready keeps the last ready revision', () => {
    const r = new Reporter()
    r.tick(0, inputs())
    const later = inputs({ state: { ...state, revision: 9 }, status: { ...status, phase: 'standing', ready: false } })
    expect(r.tick(200, later)).toMatchObject({ activity: 'loading', readyRevision: 7 })
    const ready = inputs({ state: { ...state, revision: 9 }, status: { ...status, phase: 'standing' } })
    expect(r.tick(400, ready)).toMatchObject({ activity: 'paused', readyRevision: 9 })
  })

  test('readiness does not wait, however recent the last report is', () => {
    const r = new Reporter()
    r.tick(0, inputs())
    const next = { ...state, revision: 8 }
    expect(r.tick(200, inputs({ state: next, status: { ...status, phase: 'standing', ready: false } }))).toMatchObject({ activity: 'loading' })
    expect(r.tick(260, inputs({ state: next, status: { ...status, phase: 'standing' } }))).toMatchObject({ activity: 'paused', readyRevision: 8 })
    expect(r.tick(270, inputs({ state: next, status: { ...status, phase: 'standing' } }))).toBeNull()
  })

  test.each([
    ['failed', inputs({ failed: true }), 'error'],
    ['away', inputs({ away: true }), 'away'],
    ['nothing chosen', inputs({ state: null, status: { ...status, phase: 'idle' } }), 'paused'],
    ['no source yet', inputs({ status: { ...status, phase: 'idle' } }), 'loading'],
    ['about to join', inputs({ status: { ...status, phase: 'meeting' } }), 'loading'],
    ['local pause', inputs({ status: { ...status, phase: 'local' }, local: 'paused' }), 'paused'],
  ] as const)('%s', (_n, i, activity) => {
    expect(new Reporter().tick(0, i)?.activity).toBe(activity)
  })
})

describe('pill', () => {
  const open: PillInputs = { status, state, local: 'follow', connection: 'open', serverMs: 1000 }
  const hold = { reason: 'seek', waiting: ['ses_ana'], untilMs: 8500 }
  test.each([
    ['in_sync', open],
    ['adjusting', { ...open, status: { ...status, errorMs: 120 } }],
    ['adjusting', { ...open, status: { ...status, errorMs: null } }],
    ['catching_up', { ...open, status: { ...status, seeking: true } }],
    ['catching_up', { ...open, status: { ...status, errorMs: -900 } }],
    ['catching_up', { ...open, status: { ...status, phase: 'meeting' } }],
    ['loading', { ...open, status: null }],
    ['loading', { ...open, status: { ...status, stalledSinceMs: 5 } }],
    ['loading', { ...open, status: { ...status, phase: 'idle' } }],
    ['waiting', { ...open, state: { ...state, hold } }],
    ['paused', { ...open, state: { ...state, playing: false }, status: { ...status, phase: 'standing' } }],
    ['paused', { ...open, state: { ...state, mediaId: '' } }],
    ['local_pause', { ...open, local: 'paused' }],
    ['free', { ...open, local: 'free' }],
    ['sound_blocked', { ...open, status: { ...status, blocked: true } }],
    ['reconnecting', { ...open, connection: 'reconnecting', attempt: 3 }],
    ['offline', { ...open, connection: 'closed' }],
    ['loading', { ...open, connection: 'connecting', state: null }],
    ['in_sync', { ...open, state: { ...state, live: true } }],
  ] as [string, PillInputs][])('%s', (kind, i) => {
    expect(pill(i).kind).toBe(kind)
  })

  test('carries its numbers', () => {
    expect(pill({ ...open, state: { ...state, hold } })).toMatchObject({ waiting: ['ses_ana'], waitSeconds: 8, by: 'bo', errorMs: 5 })
  })
})
