import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf, tagOf } from './origin.mjs'
import { DelayLine, isWebSocket } from './proxy.mjs'
import { linkIn } from './server.mjs'

/** A clock whose timers fire only when it is told to go on. */
function handClock() {
  let now = 0
  const timers = []
  return {
    now: () => now,
    later: (f, ms) => timers.push({ at: now + ms, f }),
    go(ms) {
      const end = now + ms
      for (;;) {
        timers.sort((a, b) => a.at - b.at)
        if (timers.length === 0 || timers[0].at > end) break
        const t = timers.shift()
        now = Math.max(now, t.at)
        t.f()
      }
      now = end
    },
  }
}

test('a delay line keeps the order', () => {
  const clock = handClock()
  const draws = [1, 0, 0.5, 0]
  const out = []
  const line = new DelayLine({ baseMs: 50, jitterMs: 30, random: () => draws.shift(), now: clock.now, later: clock.later })
  for (const name of ['a', 'b', 'c', 'd']) {
    line.pass(() => out.push([name, clock.now()]))
    clock.go(10)
  }
  clock.go(200)
  assert.deepEqual(out.map(([name]) => name), ['a', 'b', 'c', 'd'])
  // a waits 80; b would be due at 60 but stays behind a; c is due at 20 + 65; d stays behind c.
  assert.deepEqual(out.map(([, at]) => at), [80, 80, 85, 85])
})

test('a delay line goes on after it was empty', () => {
  const clock = handClock()
  const out = []
  const line = new DelayLine({ baseMs: 5, jitterMs: 0, random: () => 0, now: clock.now, later: clock.later })
  line.pass(() => out.push(clock.now()))
  clock.go(100)
  line.pass(() => out.push(clock.now()))
  clock.go(100)
  assert.deepEqual(out, [5, 105])
})

test('only WebSockets are held back', () => {
  assert.equal(isWebSocket(Buffer.from('GET /ws/rooms/room_1?ticket=x HTTP/1.1\r\n')), true)
  assert.equal(isWebSocket(Buffer.from('GET /wsx HTTP/1.1\r\n')), false)
  assert.equal(isWebSocket(Buffer.from('POST /api/v1/tickets HTTP/1.1\r\n')), false)
})

test('ranges', () => {
  for (const [header, want] of [
    ['bytes=0-', { from: 0, to: 99 }], ['bytes=10-19', { from: 10, to: 19 }], ['bytes=90-200', { from: 90, to: 99 }],
    ['bytes=-10', { from: 90, to: 99 }], ['bytes=100-', null], ['bytes=5-4', null], ['bytes=-', null], ['chars=0-1', null], ['bytes=0-1,3-4', null],
  ]) assert.deepEqual(rangeOf(header, 100), want, header)
})

test('tags and links', () => {
  assert.equal(tagOf('Mozilla/5.0 Chrome/1 page/b-2'), 'b-2')
  assert.equal(tagOf('Mozilla/5.0'), '')
  assert.equal(linkIn('Open this once: http://127.0.0.1:8080/setup#AbC-_9 and go'), 'http://127.0.0.1:8080/setup#AbC-_9')
  assert.equal(linkIn('nothing'), '')
})
