// Plays a stream with hls.js in Chromium for a while and prints, as JSON, how that went.
// node hlsjs.mjs <path of web/package.json> <chromium> <origin> <playlist> <seconds>
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [packageJSON, executablePath, origin, playlist, seconds] = process.argv.slice(2)
const need = createRequire(packageJSON)
const browser = await need('playwright-core').chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
})
try {
  const page = await browser.newPage()
  await page.goto(`${origin}/player`)
  await page.addScriptTag({ content: readFileSync(need.resolve('hls.js/dist/hls.js'), 'utf8') })
  const result = await page.evaluate(
    async ({ playlist, seconds }) => {
      const video = document.querySelector('video')
      const hls = new Hls({ lowLatencyMode: true })
      // hls.js 1.7 takes a segment for buffered of which 0.2 s are missing, which is our last part; see web/src/player/engine-hls.ts.
      for (const part of hls.coreComponents) if ('bufferPadding' in part) part.bufferPadding = 0.01
      const r = { errors: [], fatal: 0, stalls: 0, frozen: 0, parts: 0, latencies: [], buffered: 0 }
      const asked = performance.now()
      video.addEventListener('playing', () => (r.firstPlaying ??= Math.round(performance.now() - asked)))
      video.addEventListener('waiting', () => r.firstPlaying && r.stalls++)
      hls.on(Hls.Events.ERROR, (_, d) => {
        r.errors.push(`${Math.round(performance.now() - asked)} ms: ${d.details} ${d.response?.code ?? ''}${d.reason ?? ''} ${d.frag?.relurl ?? ''}`)
        if (d.fatal) r.fatal++
      })
      hls.on(Hls.Events.FRAG_LOADED, (_, d) => d.part && r.parts++)
      hls.loadSource(playlist)
      hls.attachMedia(video)
      video.play()
      let before = 0
      for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
        await new Promise((f) => setTimeout(f, 250))
        r.latencies.push(+hls.latency.toFixed(2))
        if (r.firstPlaying && video.currentTime === before) r.frozen++
        before = video.currentTime
      }
      r.position = video.currentTime
      r.frames = video.getVideoPlaybackQuality().totalVideoFrames
      r.dropped = video.getVideoPlaybackQuality().droppedVideoFrames
      r.target = hls.targetLatency
      return r
    },
    { playlist, seconds: Number(seconds) },
  )
  console.log(JSON.stringify(result))
} finally {
  await browser.close()
}
