import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backwards, heard, latencies, soundAfterPicture, standstills, watched } from './live-measure.mjs'
import { backgrounds, paint, PICTURE } from './burned-clock.mjs'

/** Frames of 40 ms, shown late by so much; the lamp is lit for 200 ms every 1.5 s. */
const shows = (from, to, late, epoch = 1000) => {
  const out = []
  for (let t = from; t < to; t += 40) out.push({ t, ms: t - late - epoch, lit: t % 1500 < 200, media: t / 1000 })
  return out
}
const seen = (frames, more = {}) => ({ frames, samples: [], events: [], onsets: [], ...more })

test('latency is what passed since the clock in the picture', () => {
  assert.deepEqual([...new Set(latencies(seen(shows(3000, 6000, 450)), 1000))], [450])
  assert.deepEqual(latencies(seen([{ t: 10, ms: -1 }]), 0), [], 'a clock that could not be read says nothing')
})

test('a tone belongs to the nearest flash', () => {
  const frames = shows(2960, 9000, 300)
  for (const [name, onsets, want] of [
    ['together', [4520], [0]], ['late by 30', [4550], [30]], ['early by 10', [4510], [-10]],
    ['no flash near', [5280], [Infinity]], ['outside', [100], []],
  ]) assert.deepEqual(soundAfterPicture(seen(frames, { onsets }), 3000, 9000), want, name)
})

test('a standstill is a gap between frames', () => {
  const frames = [...shows(0, 1000, 0), ...shows(1480, 2000, 0)]
  assert.deepEqual(standstills(seen(frames), 0, 2000), { longest: 520, count: 1 })
  assert.equal(standstills(seen([]), 0, 2000).longest, 2000, 'nothing is one long gap')
})

test('backwards', () => {
  const frames = shows(0, 400, 0, 0)
  assert.equal(backwards(seen(frames), 0, 400), 0)
  assert.equal(backwards(seen([...frames.slice(0, 5), { ...frames[2], t: 201 }, ...frames.slice(6)]), 0, 400), 1)
})

test('the numbers of a page', () => {
  const samples = [0, 1000, 2000].map((t) => ({ t, at: t / 1000, rate: 1, ahead: 1, ready: 4, decoded: t / 40, dropped: 1, bytes: t }))
  const w = watched(seen(shows(0, 2000, 300, -1000), { samples, events: [{ t: 500, type: 'waiting' }, { t: 5000, type: 'waiting' }], onsets: [1530] }), -1000, 0, 2001)
  assert.deepEqual([w.latency.p95, w.shown, w.unread, w.decoded, w.waits, w.sync.max, w.backwards], [300, 50, 0, 50, 1, 10, 0])
})

test('sound alone', () => {
  const plays = (stop) => Array.from({ length: 101 }, (_, i) => ({ t: i * 100, at: Math.min(i, stop) / 10, bytes: i }))
  assert.deepEqual(heard(seen([], { samples: plays(1000) }), 0, 20_000), { speed: 1, stood: 0, bytes: 100 })
  assert.deepEqual(heard(seen([], { samples: plays(50) }), 0, 20_000), { speed: 0.5, stood: 5000, bytes: 100 })
  assert.equal(heard(seen([]), 0, 1).speed, 0)
})

test('the strip is black and white, and its sum is right', () => {
  const [frame] = backgrounds(1)
  for (const ms of [0, 1, 0xabcdef, 0xffffff, 0x1234567]) {
    paint(frame, ms, ms === 1)
    const bits = Array.from({ length: 32 }, (_, i) => (frame[10 * PICTURE.width + i * 20 + 10] > 127 ? 1 : 0))
    const value = parseInt(bits.slice(0, 24).join(''), 2)
    const sum = parseInt(bits.slice(24).join(''), 2)
    assert.equal(value, ms & 0xffffff)
    assert.equal(sum, ((value ^ (value >> 8) ^ (value >> 16)) & 0xff) ^ 0xa5)
    assert.equal(frame[200 * PICTURE.width + 320] > 127, ms === 1, 'lamp')
  }
})
