import { describe, expect, test } from 'vitest'
// The server's own vectors: both sides must agree to the last bit of the hash.
import vectors from '../../../app/playback/testdata/vectors.json'
import { isMoving, Model, positionAt, roomRate, stateHash } from './model'
import type { PlaybackState } from './model'

export function state(part: Partial<PlaybackState> = {}): PlaybackState {
  return {
    revision: 1, epoch: 'e', mediaId: 'm', positionMs: 0, atMs: 1000, rate: 1, leadRate: 0, playing: true, live: false,
    durationMs: 0, setBy: '', clientId: '', ...part,
  }
}

function fromVector(v: (typeof vectors)[number]): PlaybackState {
  const s = v.state
  return state({
    revision: s.revision, epoch: s.epoch, mediaId: s.media_id, positionMs: s.position_ms, atMs: s.at_ms, rate: s.rate,
    leadRate: s.lead_rate, playing: s.playing, live: s.live, durationMs: s.duration_ms,
    ...(s.hold ? { hold: { reason: s.hold.reason, waiting: s.hold.waiting, untilMs: s.hold.until_ms } } : {}),
  })
}

describe('vectors shared with the server', () => {
  for (const v of vectors) {
    test(v.name, () => {
      const s = fromVector(v)
      expect(stateHash(s)).toBe(v.hash)
      for (const p of v.positions) expect(positionAt(s, p.t_ms)).toBeCloseTo(p.position_ms, 2)
    })
  }
})

test('moving and rate around a scheduled time', () => {
  const start = state()
  expect([isMoving(start, 999), isMoving(start, 1000)]).toEqual([false, true])
  const change = state({ rate: 2, leadRate: 1 })
  expect([isMoving(change, 0), roomRate(change, 999), roomRate(change, 1000)]).toEqual([true, 1, 2])
  expect(isMoving(state({ hold: { reason: 'seek', waiting: [], untilMs: 0 } }), 2000)).toBe(false)
})

describe('model', () => {
  test('takes only what is newer', () => {
    const m = new Model()
    expect(m.accept(state({ revision: 5 }))).toBe('first')
    expect(m.accept(state({ revision: 5, rate: 2 }))).toBe('old')
    expect(m.accept(state({ revision: 4 }))).toBe('old')
    expect(m.accept(state({ revision: 8 }))).toBe('newer')
    expect(m.state?.revision).toBe(8)
  })

  test('an epoch that was left does not come back, except by a snapshot', () => {
    const m = new Model()
    m.accept(state({ revision: 50, epoch: 'a' }))
    expect(m.accept(state({ revision: 1, epoch: 'b' }))).toBe('newer')
    expect(m.accept(state({ revision: 51, epoch: 'a' }))).toBe('old')
    m.reset(state({ revision: 52, epoch: 'a' }))
    expect(m.state?.revision).toBe(52)
  })

  test('beacons show what was missed', () => {
    const m = new Model()
    expect(m.agrees(0, 0)).toBe(true)
    expect(m.agrees(3, 0)).toBe(false)
    const s = state({ revision: 5 })
    m.accept(s)
    expect(m.agrees(5, stateHash(s))).toBe(true)
    expect(m.agrees(5, stateHash(s) + 1)).toBe(false)
    expect(m.agrees(6, 0)).toBe(false)
    expect(m.agrees(4, 0)).toBe(true)
  })
})
