import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignMs, compare, count, frameSkew, longestStandMs, median, percentile, settleMs, spread, standing, whereAt, worstRate } from './measure.mjs'

/** A page that plays from pos at rate, seen every 50 ms. */
const plays = (from, to, pos, { rate = 1, moving = true } = {}) => {
  const out = []
  for (let t = from; t <= to; t += 50) out.push({ t, pos: pos + (moving ? ((t - from) / 1000) * rate : 0), moving, rate, ready: 4, target: pos * 1000 })
  return out
}
const page = (samples, events = [], frames = []) => ({ samples, events, frames })
const near = (a, b, by = 1e-6) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`)

test('percentile', () => {
  for (const [values, q, want] of [
    [[], 0.5, NaN], [[7], 0.95, 7], [[1, 2, 3, 4], 0.5, 2.5], [[3, 1, 2], 1, 3], [[3, 1, 2], 0, 1],
    [[Infinity, Infinity], 0.5, Infinity], [[1, Infinity], 0.5, Infinity],
  ]) assert.equal(percentile(values, q), want)
  assert.equal(median([5, 1, 9]), 5)
  assert.deepEqual(spread([2, 2]), { n: 2, p50: 2, p95: 2, p99: 2, max: 2 })
})

test('a page is between its samples', () => {
  const s = plays(0, 1000, 10)
  near(whereAt(s, 525).pos, 10.525)
  assert.equal(whereAt(s, 525).moving, true)
  assert.equal(whereAt(s, -1), null)
  assert.equal(whereAt(s, 1001), null)
  assert.equal(whereAt([], 1), null)
})

test('a jump is a step', () => {
  const s = [...plays(0, 500, 10), ...plays(550, 1000, 60)]
  near(whereAt(s, 525).pos, 10.525)
  assert.equal(whereAt(s, 525).moving, false)
  near(whereAt(s, 575).pos, 60.025)
  const back = [...plays(0, 500, 10), ...plays(550, 1000, 2)]
  near(whereAt(back, 525).pos, 10.525)
})

test('nothing is known in a hole', () => {
  const s = [...plays(0, 500, 10), ...plays(1000, 1500, 11)]
  assert.equal(whereAt(s, 700), null)
})

test('skew is the widest distance', () => {
  const points = compare([page(plays(0, 1000, 5)), page(plays(10, 1010, 5)), page(plays(0, 1000, 5.02))], 100, 900)
  assert.ok(points.length >= 39)
  for (const p of points) {
    near(p.skewMs, 30, 1e-6)
    assert.equal(p.moving, true)
  }
})

test('settling wants everybody moving, together, for a while', () => {
  const stands = [...plays(0, 950, 5, { moving: false }), ...plays(1000, 4000, 5)]
  const late = [...plays(0, 1250, 5, { moving: false }), ...plays(1300, 1550, 5), ...plays(1600, 4000, 5.6)]
  const points = compare([page(stands), page(late)], 0, 4000)
  const s = settleMs(points, 500)
  assert.ok(s >= 1050 && s <= 1120, String(s))
  assert.equal(settleMs(compare([page(stands), page(plays(0, 4000, 5, { moving: false }))], 0, 4000), 0), Infinity)
  assert.equal(settleMs(points, 500, () => false), Infinity)
})

test('a room that waits on one frame is aligned, not settled', () => {
  const stands = page(plays(0, 2000, 7, { moving: false }))
  const points = compare([stands, stands], 0, 2000)
  assert.equal(alignMs(points, 500), 0)
  assert.equal(settleMs(points, 500), Infinity)
  const elsewhere = compare([stands, page(plays(0, 2000, 9, { moving: false }))], 0, 2000)
  assert.equal(alignMs(elsewhere, 0), Infinity)
})

test('settling needs the whole second', () => {
  const a = page(plays(0, 1500, 5))
  assert.equal(settleMs(compare([a, a], 0, 900), 0), Infinity)
  assert.equal(settleMs(compare([a, a], 0, 1500), 0), 0)
})

test('counts and rates in windows', () => {
  const p = page(plays(0, 1000, 1, { rate: 1.04 }), [{ t: 10, type: 'ratechange' }, { t: 600, type: 'ratechange' }, { t: 700, type: 'seeking' }])
  assert.equal(count([p, p], 'ratechange', [[500, 1000]]), 2)
  near(worstRate([p], [[0, 1000]]), 4)
  assert.equal(worstRate([p], []), 0)
})

test('standing and starving', () => {
  const still = page(plays(0, 1000, 7, { moving: false }))
  assert.deepEqual(standing([still], 0, 1000), [{ pos: 7, target: 7000 }])
  assert.deepEqual(standing([page(plays(0, 1000, 7))], 0, 1000), [null])
  assert.deepEqual(standing([page([])], 0, 1000), [null])
  assert.equal(longestStandMs(still.samples, 0, 1000), 1000)
  assert.equal(longestStandMs(plays(0, 1000, 7), 0, 1000), 0)
})

test('frames are compared as shown', () => {
  const shown = (by) => Array.from({ length: 30 }, (_, i) => ({ t: by + i * 33, pos: i / 30 }))
  const skews = frameSkew([page([], [], shown(0)), page([], [], shown(33))], 200, 600)
  assert.ok(skews.length > 0)
  for (const s of skews) near(s, 1000 / 30, 1)
})
