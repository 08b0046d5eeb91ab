import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf, tagOf } from './origin.mjs'
import { DelayLine, isWebSocket } from './proxy.mjs'
import { linkIn } from './server.mjs'

test('a delay line keeps the order', () => {
  let now = 0
  const draws = [1, 0, 0.5, 0]
  const due = []
  const line = new DelayLine({ baseMs: 50, jitterMs: 30, random: () => draws.shift(), now: () => now, later: (f, ms) => due.push([now + ms, f]) })
  const out = []
  for (const name of ['a', 'b', 'c', 'd']) {
    line.pass(() => out.push(name))
    now += 10
  }
  assert.deepEqual(due.map(([at]) => at), [80, 80, 85, 85])
  due.sort((x, y) => x[0] - y[0]).forEach(([, f]) => f())
  assert.deepEqual(out, ['a', 'b', 'c', 'd'])
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
