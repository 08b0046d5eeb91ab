// Lines break and servers fall: the picture goes on, and nothing that was said is lost or said twice.
import { Caller, guest, playbackOf } from './lib/api.mjs'
import { main, options } from './lib/check.mjs'
import { clip } from './lib/clip.mjs'
import { compare, HOLD_MS, longestStandMs, settleMs } from './lib/measure.mjs'
import { undisturbed } from './lib/machine.mjs'
import { startOrigin } from './lib/origin.mjs'
import { launch, now, press, untilPlaying, untilReady } from './lib/pages.mjs'
import { recordingOf } from './lib/recorder.mjs'
import { binary, startServer } from './lib/server.mjs'
import { NETWORKS, openSession, ownerOf } from './lib/session.mjs'

const given = options()
/** How long pages may take after a cut until they are together again. */
const TOGETHER_MS = 2500
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const wall = () => performance.timeOrigin + performance.now()

/** Every line of chat a page shows, in order, that begins with the word. */
const linesOf = (page, word) => page.evaluate(
  (w) => [...document.querySelectorAll('.log .message-text')].map((e) => e.textContent.trim()).filter((s) => s.startsWith(w)), word)

/** Waits until a page shows so many of them, or a while. */
const untilLines = (page, word, n) => page.waitForFunction(
  ([w, least]) => [...document.querySelectorAll('.log .message-text')].filter((e) => e.textContent.trim().startsWith(w)).length >= least, [word, n], { timeout: 5000 }).catch(() => {})

/** Says something through the page's own composer. */
async function say(page, text) {
  await page.locator('.composer textarea').fill(text)
  await page.locator('.composer textarea').press('Enter')
}

/** Resolves with the time it took until the page's room is open again; Infinity when it never was. */
async function untilOpen(page, ms) {
  const begun = wall()
  const open = () => page.evaluate(() => document.querySelector('.trouble') === null && window.__synctv?.clock().ready === true)
  while (wall() - begun < ms) {
    if (await open().catch(() => false)) return wall() - begun
    await sleep(50)
  }
  return Infinity
}

/** Cuts one page's line for some seconds while all talk; resolves with what came of it. */
async function cutLine(s, talker, round) {
  const [, cutPage] = s.pages
  const word = `word ${round}.`
  const want = []
  const chat = async (i) => {
    want.push(word + i)
    await talker.call('POST', `/api/v1/rooms/${s.room.id}/messages`, { text: word + i, clientId: `word-${round}-${i}` })
  }
  await chat(1)
  await sleep(500)
  const cutAt = wall()
  s.proxies[1].down(true)
  await chat(2)
  // Written while the line is down: sent by itself when it is back.
  await say(cutPage, `${word}3`)
  want.push(`${word}3`)
  await chat(4)
  const shown = await cutPage.locator('.trouble, .st-warn').first().waitFor({ timeout: 3000 }).then(() => true, () => false)
  await sleep(3000)
  s.proxies[1].down(false)
  const upAt = wall()
  const back = await untilOpen(cutPage, 15_000)
  await chat(5)
  // Together is what stays so; who gets there in the last moment has to be seen to stay.
  await sleep(upAt + back + TOGETHER_MS + HOLD_MS + 200 - wall())
  await Promise.all(s.pages.map((p) => untilLines(p, word, want.length)))
  const recordings = await Promise.all(s.pages.map(recordingOf))
  return {
    shown, back, want, got: await Promise.all(s.pages.map((p) => linesOf(p, word))),
    stood: longestStandMs(recordings[1].samples, cutAt, wall() - 200),
    together: settleMs(compare(recordings, upAt + back, wall()), upAt + back),
  }
}

/** What holds on any machine. */
function judgeWords(c, { shown, want, got }) {
  c.expect('line cut: the page says so', shown ? 'said' : 'silent', 'said', shown)
  for (const [i, lines] of got.entries()) {
    const right = [...lines].sort().join() === [...want].sort().join()
    c.expect(`line cut: page ${i + 1} shows every message once`, lines.join(' | '), want.join(' | '), right)
  }
  const same = got[0].join() === got[1].join()
  c.expect('line cut: in one order for all', same ? 'same' : got.map((o) => o.join('|')).join(' / '), 'same', same)
}

/** What takes a machine of our own. */
function judgeTimes(c, { back, stood, together }) {
  c.atMost('line cut: the film stood at most', stood, 150, 'ms', 0)
  c.atMost('line cut: back by itself after', back, 8000, 'ms', 0)
  c.atMost('line cut: together after that', together, TOGETHER_MS, 'ms', 0)
}

/** The server dies without a word and is started again on the same data. */
async function killServer(c, s, server) {
  const before = await playbackOf(await ownerOf(server), s.room)
  const pagesBefore = await Promise.all(s.pages.map(now))
  const placed = await placeOf(s.pages[0])
  await server.kill()
  await sleep(2000)
  const during = await Promise.all(s.pages.map(now))
  const went = during.every((d, i) => d.position > pagesBefore[i].position + 1.5)
  c.expect('server killed: films go on without it', went ? 'go on' : during.map((d, i) => (d.position - pagesBefore[i].position).toFixed(2)).join(', '), 'go on', went)
  const startMs = await server.start()
  const upAt = wall()
  const back = await Promise.all(s.pages.map((p) => untilOpen(p, 20_000)))
  c.atMost('server killed: pages back after it listens', Math.max(...back), 8000, 'ms', 0)
  await sleep(1500)
  const after = await playbackOf(await guestAgain(s.pages[0], server, s.room), s.room)
  c.expect('server killed: same item', after.mediaId, before.mediaId, after.mediaId === before.mediaId)
  const places = await Promise.all(s.pages.map(placeOf))
  c.atMost('server killed: pages and room are apart by', Math.max(...places.map((p) => Math.abs(p.film - p.room))), 1000, 'ms', 0)
  // A restarted room may stand where it was cut, or go on where the pages are; both are kept promises.
  const p = places[0]
  const missed = Math.min(Math.abs(p.room - placed.room), Math.abs(p.room - placed.room - (p.at - placed.at)))
  c.atMost(`server killed: the room came back ${p.playing ? 'playing' : 'standing'}, off by`, missed, 1000, 'ms', 0)
  return { startMs, back, upAt, after }
}

/** The page's own token, for a look at the room as it sees it. */
async function guestAgain(page, server, room) {
  const raw = await page.evaluate((id) => localStorage.getItem(`synctv.guest.${id}`), room.id)
  return new Caller(server.url, JSON.parse(raw).token)
}

/** Where the room is by a page's own measure, and where its film is, in ms. */
const placeOf = (page) => page.evaluate(() => ({ at: window.__recorder.truth(), room: window.__synctv.target(), film: window.__synctv.position(), playing: window.__synctv.state().playing }))

/** Waits until the film stands or plays; resolves with what it does. */
async function untilFilm(page, want) {
  await page.waitForFunction((paused) => document.querySelector('video').paused === paused, want === 'stands', { timeout: 5000, polling: 50 }).catch(() => {})
  return (await now(page)).paused ? 'stands' : 'plays'
}

await main('reconnect', async (c) => {
  const program = binary()
  const origin = c.own(await startOrigin(await clip()))
  const browser = c.own(await launch())
  const server = c.own(await startServer({ program }), (s) => s.stop())
  const s = c.own(await openSession({ browser, server, who: await ownerOf(server), media: origin.url, lines: NETWORKS.lan.slice(0, 2) }))
  await s.page({ viewport: { width: 1280, height: 720 } })
  await s.page({ viewport: { width: 1280, height: 720 } })
  await Promise.all([s.join(0), s.join(1)])
  await Promise.all(s.pages.map(untilReady))
  await press(s.pages[0], 'k')
  await Promise.all(s.pages.map((p) => untilPlaying(p)))
  await sleep(3000)
  const talker = await guest(server, s.room, 'Dee')
  const cut = await undisturbed('line cut', async (round) => {
    const found = await cutLine(s, talker, round)
    judgeWords(c, found)
    return found
  })
  judgeTimes(c, cut)
  const killed = await killServer(c, s, server)
  const want = (await placeOf(s.pages[1])).playing ? 'stands' : 'plays'
  await press(s.pages[1], 'k')
  const ends = await Promise.all(s.pages.map((p) => untilFilm(p, want)))
  c.expect('afterwards a command still reaches both', ends.join(', '), `${want}, ${want}`, ends.every((e) => e === want))
  return { cut: cut.back, killed, log: server.log.split('\n').filter((l) => /level=(WARN|ERROR)/.test(l)) }
}, given)
