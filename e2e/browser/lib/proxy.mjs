// A line between one page and the server. HTTP passes as it is; the bytes of WebSockets are held
// back by a delay with jitter in each direction, in order; and they can be cut.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * @typedef {{rttMs: number, jitterMs: number}} Line
 * rttMs is the base round trip, half of it each way; jitterMs is added to each way at random, 0 to all of it.
 */

/** A chunk may leave this much before its time. */
const EARLY_MS = 0.2

/** Holds back what goes one way, and never lets one chunk overtake another. */
export class DelayLine {
  /** @param {{baseMs: number, jitterMs: number, random: () => number, now: () => number, later: (f: () => void, ms: number) => void}} deps */
  constructor(deps) {
    this.deps = deps
    this.lastAt = 0
    /** @type {{at: number, deliver: () => void}[]} */
    this.queue = []
  }

  /** Calls deliver when this chunk is due, after all that came before it. */
  pass(deliver) {
    const { baseMs, jitterMs, random, now } = this.deps
    const at = Math.max(this.lastAt, now() + baseMs + random() * jitterMs)
    this.lastAt = at
    this.queue.push({ at, deliver })
    if (this.queue.length === 1) this.arm()
  }

  /** One timer at a time, for the head of the queue. */
  arm() {
    const { now, later } = this.deps
    later(() => {
      while (this.queue.length > 0 && this.queue[0].at <= now() + EARLY_MS) this.queue.shift().deliver()
      if (this.queue.length > 0) this.arm()
    }, this.queue[0].at - now())
  }
}

/** Timers of the runtime are whole milliseconds; the rest is kept for the next turn of the loop. */
function later(f, ms) {
  const due = performance.now() + ms
  const check = () => (performance.now() >= due - EARLY_MS ? f() : setImmediate(check))
  if (ms > 1.5) setTimeout(check, Math.floor(ms - 1))
  else setImmediate(check)
}

/**
 * Starts a line to 127.0.0.1:target.
 * @param {number} target
 * @param {Line} line
 */
export async function startProxy(target, line) {
  const sockets = new Set()
  const state = { down: false }
  const server = createServer({ noDelay: true }, (client) => {
    const up = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = { client, up, ws: false }
    sockets.add(pair)
    const end = () => {
      client.destroy()
      up.destroy()
      sockets.delete(pair)
    }
    for (const s of [client, up]) s.on('error', end).on('close', end)
    client.once('data', (first) => {
      pair.ws = isWebSocket(first)
      if (pair.ws && state.down) return end()
      join(client, up, pair.ws ? line : null, first)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    let n = 0
    for (const p of sockets) {
      if (!p.ws) continue
      p.client.resetAndDestroy()
      n++
    }
    return n
  }
  return {
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    /** Cuts the WebSockets that are open; says how many. */
    cut,
    /** While down, WebSockets are cut and refused. */
    down(on) {
      state.down = on
      if (on) cut()
    },
    async close() {
      for (const p of sockets) {
        p.client.destroy()
        p.up.destroy()
      }
      await new Promise((done) => server.close(done))
    },
  }
}

/** The first bytes of a connection say what it is for. */
export function isWebSocket(first) {
  return first.subarray(0, 4096).toString('latin1').startsWith('GET /ws/')
}

function join(client, up, line, first) {
  if (!line) {
    up.write(first)
    client.pipe(up)
    up.pipe(client)
    return
  }
  const half = { baseMs: line.rttMs / 2, jitterMs: line.jitterMs, random: Math.random, now: () => performance.now(), later }
  const there = new DelayLine(half)
  const back = new DelayLine(half)
  const send = (way, to, bytes) => way.pass(() => {
    if (!to.destroyed) to.write(bytes)
  })
  send(there, up, first)
  client.on('data', (b) => send(there, up, b))
  up.on('data', (b) => send(back, client, b))
  client.on('end', () => there.pass(() => up.end()))
  up.on('end', () => back.pass(() => client.end()))
}
