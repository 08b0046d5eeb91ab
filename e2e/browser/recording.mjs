// A broadcast that was recorded: a plain <video> plays it and seeks in it, and two pages of a room watch it together.
import { guest } from './lib/api.mjs'
import { main, options } from './lib/check.mjs'
import { joinAsGuest, launch, openPage, untilPlaying } from './lib/pages.mjs'
import { publish } from './lib/publisher.mjs'
import { binary, freePort, startServer } from './lib/server.mjs'
import { ownerOf } from './lib/session.mjs'

const SECONDS = 16
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))

/** Records a private stream for a while; resolves with the recording when it is complete. */
async function record(c, server, who, port) {
  const { stream, key } = await who.call('POST', '/api/v1/streams', { title: 'Rehearsal', visibility: 'VISIBILITY_PRIVATE' })
  const encoder = c.own(publish({ server: `rtmp://127.0.0.1:${port}/live`, key: key.secret, size: '960x540' }), (e) => e.close())
  for (let i = 0; ; i++) {
    if ((await who.call('GET', `/api/v1/streams/${stream.id}`)).media?.audioCodec) break
    if (i > 100) throw new Error(`the stream does not begin:\n${encoder.log}`)
    await sleep(200)
  }
  await who.call('POST', `/api/v1/streams/${stream.id}/recording`, {})
  await sleep(SECONDS * 1000)
  await who.call('DELETE', `/api/v1/streams/${stream.id}/recording`)
  await encoder.close()
  for (let i = 0; i < 100; i++) {
    const [film] = (await who.call('GET', `/api/v1/recordings?streamId=${stream.id}`)).recordings
    if (film?.state === 'RECORDING_STATE_COMPLETE') return film
    await sleep(200)
  }
  throw new Error(`the recording is not completed:\n${server.log}`)
}

/** What a bare media element makes of an address. */
async function playBare(c, browser, film) {
  const page = await openPage(browser, { tag: 'bare', record: false })
  const ranges = []
  page.on('request', (r) => r.url().includes('/live/recordings/') && ranges.push(r.headers().range ?? 'none'))
  await page.setContent('<video muted></video>')
  const seen = await page.evaluate(async (url) => {
    const v = document.querySelector('video')
    const once = (what) => new Promise((ok, no) => {
      v.addEventListener(what, ok, { once: true })
      v.addEventListener('error', () => no(new Error(v.error?.message ?? 'error')), { once: true })
    })
    const from = performance.now()
    const known = once('loadedmetadata')
    v.src = url
    await known
    const metadataMs = performance.now() - from
    await v.play()
    for (const end = performance.now() + 15_000; v.currentTime < 1.5 && performance.now() < end;) await new Promise((r) => setTimeout(r, 50))
    const begun = { at: v.currentTime, frames: v.getVideoPlaybackQuality().totalVideoFrames }
    const back = performance.now()
    const there = once('seeked')
    v.currentTime = v.duration - 3
    await there
    const seekMs = performance.now() - back
    await once('ended')
    return { metadataMs, seekMs, begun, duration: v.duration, end: v.currentTime, width: v.videoWidth, frames: v.getVideoPlaybackQuality().totalVideoFrames, sound: v.webkitAudioDecodedByteCount }
  }, film.playUrl)
  c.expect('bare: length is known at once', `${seen.duration.toFixed(2)} s of ${(film.durationMs / 1000).toFixed(2)} s`, 'the same', Math.abs(seen.duration - film.durationMs / 1000) < 0.3)
  c.expect('bare: picture', `${seen.width} wide, ${seen.begun.frames} frames in the first ${seen.begun.at.toFixed(1)} s`, '960 wide, > 15', seen.width === 960 && seen.begun.frames > 15)
  c.expect('bare: sound', `${seen.sound} bytes decoded`, '> 0', seen.sound > 0)
  c.expect('bare: metadata, seek', `${seen.metadataMs.toFixed(0)} ms, ${seen.seekMs.toFixed(0)} ms`, 'for reading', true)
  c.expect('bare: it plays to its end', `${seen.end.toFixed(2)} s, ${seen.frames} frames`, 'the end', Math.abs(seen.end - seen.duration) < 0.1 && seen.frames > seen.begun.frames + 20)
  c.expect('bare: requests', ranges.join(', '), 'ranges', ranges.length > 0 && ranges.every((r) => r.startsWith('bytes=')))
  await page.context().close()
  return seen
}

await main('recording', async (c) => {
  const port = await freePort()
  const server = c.own(await startServer({ program: binary(), env: { SYNCTV_LIVESTREAM_RTMP_HOST: '127.0.0.1', SYNCTV_LIVESTREAM_RTMP_PORT: String(port) } }), (s) => s.stop())
  const who = await ownerOf(server)
  const film = await record(c, server, who, port)
  c.expect('recorded', `${(film.durationMs / 1000).toFixed(1)} s, ${(film.sizeBytes / 1e6).toFixed(1)} MB`, `${SECONDS} s, a little more or less`, Math.abs(film.durationMs / 1000 - SECONDS) < 3)
  const browser = c.own(await launch())
  const bare = await playBare(c, browser, film)

  const room = await who.call('POST', '/api/v1/rooms', { name: 'Premiere', settings: { preset: 'PRESET_OPEN', guestsAllowed: true, visibility: 'VISIBILITY_PRIVATE', waitPolicy: 'WAIT_POLICY_SOFT' },
    media: [{ provider: 'recording', url: film.id }], play: true })
  const pages = []
  for (const name of ['Ada', 'Bob']) {
    const page = await openPage(browser, { tag: name, record: false })
    await joinAsGuest(page, `${server.url}/j/${room.inviteCode}`, name)
    pages.push(page)
  }
  const control = (intent) => who.call('POST', `/api/v1/rooms/${room.id}/playback`, { intent })
  await control({ op: 'PLAYBACK_OP_SEEK', positionMs: 1000 })
  await control({ op: 'PLAYBACK_OP_PLAY' })
  const playing = await Promise.all(pages.map((p) => untilPlaying(p).then(() => 'plays', (e) => e.message.split('\n')[0])))
  c.expect('room: both pages play', playing.join(', '), 'plays, plays', playing.every((s) => s === 'plays'))
  await control({ op: 'PLAYBACK_OP_SEEK', positionMs: 8000 })
  await Promise.all(pages.map((p) => p.waitForFunction(() => {
    const v = document.querySelector('video')
    return v.currentTime > 10.5 && v.getVideoPlaybackQuality().totalVideoFrames > 30
  }, undefined, { polling: 100 }).catch(() => {})))
  const at = await Promise.all(pages.map((p) => p.evaluate(() => {
    const v = document.querySelector('video')
    return { t: v.currentTime, now: performance.timeOrigin + performance.now(), frames: v.getVideoPlaybackQuality().totalVideoFrames, error: v.error?.message ?? '' }
  })))
  const apart = Math.abs(at[0].t - at[1].t - (at[0].now - at[1].now) / 1000) * 1000
  c.expect('room: after a seek to 8 s', at.map((a) => `${a.t.toFixed(2)} s, ${a.frames} frames${a.error}`).join('; '), '> 9 s, with frames', at.every((a) => a.t > 9 && a.frames > 30 && !a.error))
  c.expect('room: apart', `${apart.toFixed(0)} ms`, '< 250 ms', apart < 250)
  c.expect('complaints of the pages', pages.flatMap((p) => p.complaints).join(' | ') || 'none', 'none', pages.every((p) => p.complaints.length === 0))
  const stranger = await guest(server, room, 'Carl')
  const item = (await stranger.call('GET', `/api/v1/rooms/${room.id}/media`)).media[0]
  const { variants } = await stranger.call('GET', `/api/v1/rooms/${room.id}/media/${item.id}/source`)
  const bald = await fetch(`${server.url}${variants[0].url.split('?')[0]}`)
  c.expect('room: the address without its token', String(bald.status), '401', bald.status === 401)
  return { film: { durationMs: film.durationMs, sizeBytes: film.sizeBytes }, bare, apart }
}, options())
