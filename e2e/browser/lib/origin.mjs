// Where the film comes from: a small HTTP server with Range and CORS that can starve one viewer.
// A viewer is known by a tag in its browser's User-Agent, see pages.mjs.
import { once } from 'node:events'
import { open, stat } from 'node:fs/promises'
import { createServer } from 'node:http'

const CHUNK = 32 * 1024

/** How one viewer is served. */
class Tap {
  blocked = false
  bytesPerS = Infinity
  /** @type {(() => void)[]} */
  waiting = []

  /** Resolves when the viewer may have its next chunk. */
  async turn(signal) {
    while (this.blocked && !signal.aborted) await new Promise((go) => this.waiting.push(go))
    if (this.bytesPerS < Infinity) await new Promise((go) => setTimeout(go, (CHUNK / this.bytesPerS) * 1000))
  }

  release() {
    this.blocked = false
    for (const go of this.waiting.splice(0)) go()
  }
}

/**
 * Serves one file as /clip.mp4.
 * @param {string} file
 */
export async function startOrigin(file) {
  const { size } = await stat(file)
  /** @type {Map<string, Tap>} */
  const taps = new Map()
  const tapOf = (tag) => {
    let t = taps.get(tag)
    if (!t) taps.set(tag, (t = new Tap()))
    return t
  }
  const server = createServer((req, res) => {
    serve(req, res, file, size, tapOf(tagOf(req.headers['user-agent'] ?? ''))).catch(() => res.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    port,
    url: `http://127.0.0.1:${port}/clip.mp4`,
    /** From now on the viewer gets no more than this much. */
    pace: (tag, bytesPerS) => { tapOf(tag).bytesPerS = bytesPerS },
    /** The viewer gets nothing until free(). */
    block: (tag) => { tapOf(tag).blocked = true },
    free: (tag) => {
      tapOf(tag).bytesPerS = Infinity
      tapOf(tag).release()
    },
    async close() {
      for (const t of taps.values()) t.release()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** The part of a User-Agent that names a page of the harness. */
export function tagOf(agent) {
  return /\bpage\/([\w-]+)/.exec(agent)?.[1] ?? ''
}

/** First and last byte asked for; null when the range cannot be met. */
export function rangeOf(header, size) {
  const m = /^bytes=(\d*)-(\d*)$/.exec(header)
  if (!m || (m[1] === '' && m[2] === '')) return null
  const from = m[1] === '' ? Math.max(0, size - Number(m[2])) : Number(m[1])
  const to = m[1] === '' || m[2] === '' ? size - 1 : Math.min(Number(m[2]), size - 1)
  return from <= to && from < size ? { from, to } : null
}

async function serve(req, res, file, size, tap) {
  const cors = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'range',
    'access-control-expose-headers': 'content-length, content-range, accept-ranges',
  }
  if (req.method === 'OPTIONS') return void res.writeHead(204, cors).end()
  const path = new URL(req.url, 'http://origin').pathname
  if (path !== '/clip.mp4' || (req.method !== 'GET' && req.method !== 'HEAD')) return void res.writeHead(404, cors).end()
  const asked = req.headers.range
  const range = asked ? rangeOf(asked, size) : { from: 0, to: size - 1 }
  if (!range) return void res.writeHead(416, { ...cors, 'content-range': `bytes */${size}` }).end()
  res.writeHead(asked ? 206 : 200, {
    ...cors,
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    etag: `"${size}"`,
    'content-length': range.to - range.from + 1,
    ...(asked && { 'content-range': `bytes ${range.from}-${range.to}/${size}` }),
  })
  if (req.method === 'HEAD') return void res.end()
  await pour(res, file, range, tap)
}

async function pour(res, file, { from, to }, tap) {
  const gone = new AbortController()
  let wake = () => {}
  res.on('drain', () => wake())
  res.on('close', () => {
    gone.abort()
    wake()
    tap.waiting.splice(0).forEach((go) => go())
  })
  const handle = await open(file)
  try {
    for (let at = from; at <= to && !gone.signal.aborted;) {
      await tap.turn(gone.signal)
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, Math.min(CHUNK, to - at + 1), at)
      if (bytesRead === 0 || gone.signal.aborted) break
      at += bytesRead
      const full = new Promise((go) => (wake = go))
      if (!res.write(buffer.subarray(0, bytesRead))) await full
    }
    res.end()
  } finally {
    await handle.close()
  }
}
