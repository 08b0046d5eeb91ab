// Bare pages that play a live stream with nothing of ours: what the players on the market make of it.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { scriptPath } from './deps.mjs'

/** Runs in a bare page: plays src with the named player. Stands alone, it is sent as text. */
function play(player, src) {
  const video = document.querySelector('video')
  const errors = (window.__errors = [])
  // What a player got over by itself: whether that was seen, the frames tell.
  const notes = (window.__notes = [])
  video.addEventListener('error', () => errors.push(`element: ${video.error?.code} ${video.error?.message}`))
  if (player === 'hls.js') {
    // As a page with low latency sets it. hls.js steers to the distance that the playlist asks for only when it is given a
    // rate, and only while it has more than a second buffered; and after a stall it wants a second more for good.
    const hls = (window.__player = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1, liveSyncOnStallIncrease: 0, debug: Boolean(window.__debug) }))
    // What our own player does too (web/src/player/engine-hls.ts says why): hls.js 1.7 otherwise takes a segment of which the
    // last part is missing for whole, and stands still.
    for (const part of hls.coreComponents) if ('bufferPadding' in part) part.bufferPadding = 0.01
    // Who came late because the page was slow to begin presses the button that leads to the live edge.
    video.addEventListener('playing', () => setTimeout(() => {
      if (hls.latency > hls.targetLatency + 0.3) video.currentTime = hls.liveSyncPosition
    }, 1500), { once: true })
    hls.on(Hls.Events.ERROR, (_, d) => (d.fatal ? errors : notes).push(d.details))
    hls.loadSource(src)
    hls.attachMedia(video)
  } else if (player === 'mpegts.js') {
    const flv = (window.__player = mpegts.createPlayer({ type: 'flv', isLive: true, url: src }, {
      isLive: true, enableStashBuffer: false, lazyLoad: false, autoCleanupSourceBuffer: true,
      liveSync: true, liveSyncMaxLatency: 0.3, liveSyncTargetLatency: 0.2, liveSyncPlaybackRate: 1.2,
    }))
    flv.on(mpegts.Events.ERROR, (...what) => errors.push(`${what.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))).join(' ')}`))
    flv.attachMediaElement(video)
    flv.load()
  } else {
    video.src = src
  }
  video.play().catch((err) => errors.push(`play: ${err.message}`))
}

const SCRIPTS = { 'hls.js': ['hls.js', 'dist/hls.min.js'], 'mpegts.js': ['mpegts.js', 'dist/mpegts.js'] }

/** Serves the pages; url(player, src) is where one is. */
export async function startLivePages() {
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://localhost')
    if (pathname === '/favicon.ico') return res.writeHead(204).end()
    const script = SCRIPTS[pathname.slice(1)]
    if (script) {
      res.setHeader('content-type', 'text/javascript')
      res.end(readFileSync(scriptPath(...script)))
    } else if (pathname === '/player') {
      const [player, src] = [searchParams.get('player'), searchParams.get('src')]
      res.setHeader('content-type', 'text/html')
      res.end(`<!doctype html><meta charset="utf-8"><title>${player.replace(/\W/g, ' ')}</title><video crossorigin="anonymous" playsinline width="640" height="360"></video>
${SCRIPTS[player] ? `<script src="/${player}"></script>` : ''}
<script>addEventListener('load', () => (${play})(...${JSON.stringify([player, src]).replaceAll('<', '\\u003c')}))</script>`)
    } else {
      res.statusCode = 404
      res.end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${server.address().port}`
  return {
    url: (player, src) => `${base}/player?${new URLSearchParams({ player, src })}`,
    close: () => { server.closeAllConnections(); return new Promise((done) => server.close(done)) },
  }
}
