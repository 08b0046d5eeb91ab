// One viewing: pages on their own lines, a script of what people do, and what came of it.
import { owner, playbackOf, standingRoom } from './api.mjs'
import { alignMs, compare, count, frameSkew, settleMs, spread, standing, worstRate } from './measure.mjs'
import { watchCpu, watchStandstill } from './machine.mjs'
import { clockSpread, joinAsGuest, openPage, press, untilReady } from './pages.mjs'
import { startProxy } from './proxy.mjs'
import { recordingOf } from './recorder.mjs'

/** The networks of the measurements: one line per page. */
export const NETWORKS = {
  lan: [1, 1, 1].map((rttMs) => ({ rttMs, jitterMs: 0 })),
  wan: [100, 100, 100].map((rttMs) => ({ rttMs, jitterMs: 30 })),
  mixed: [{ rttMs: 1, jitterMs: 0.5 }, { rttMs: 100, jitterMs: 30 }, { rttMs: 250, jitterMs: 120 }],
}

export const HOUR_MS = 3_600_000

/** When things happen after the first play, in ms. */
export const SCRIPT = { join: 5000, seek: 10_500, pause: 15_500, resume: 17_500, end: 22_500 }
const SEEK_KEY = '5'
const SEEK_TO_S = 60
const NAMES = ['Ana', 'Bo', 'Cai']

const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const wall = () => performance.timeOrigin + performance.now()
const until = (t) => sleep(Math.max(0, t - wall()))

/**
 * A room and its lines. Pages come one by one.
 * @param {{browser: import('playwright-core').Browser, server: object, who: object, media: string, lines: object[], lies?: number[]}} o
 */
export async function openSession({ browser, server, who, media, lines, lies = [], settings }) {
  const room = await standingRoom(who, media, settings)
  const proxies = []
  const pages = []
  for (const line of lines) proxies.push(await startProxy(server.port, line))
  return {
    room, proxies, pages,
    /** Opens the next page; it is not in the room yet. */
    async page(more = {}) {
      const i = pages.length
      const p = await openPage(browser, { tag: `p${i}-${room.id.slice(-6).toLowerCase()}`, lieMs: lies[i] ?? 0, ...more })
      pages.push(p)
      return p
    },
    invite: (i) => `${proxies[i].url}/j/${room.inviteCode}`,
    /** Lets a page in through the invite; resolves with the time of the tap. */
    join: (i) => joinAsGuest(pages[i], `${proxies[i].url}/j/${room.inviteCode}`, NAMES[i] ?? `Guest ${i}`),
    async close() {
      for (const p of pages) await p.context().close()
      for (const p of proxies) await p.close()
    },
  }
}

/** The server's owner, once per server. */
const owners = new WeakMap()
export async function ownerOf(server) {
  if (!owners.has(server)) owners.set(server, await owner(server))
  return owners.get(server)
}

/** The script: two play, a third joins late, one seeks, one pauses, one resumes. */
export async function runScript(o) {
  const who = await ownerOf(o.server)
  const s = await openSession({ ...o, who })
  try {
    const [a, b, c] = [await s.page(), await s.page(), await s.page()]
    await Promise.all([s.join(0), s.join(1)])
    await Promise.all([untilReady(a), untilReady(b)])
    await sleep(1500)
    const ruler = await clockSpread([a, b])
    const load = watchCpu()
    const standstill = watchStandstill()
    const at = { play: await press(a, 'k') }
    await until(at.play + SCRIPT.join)
    at.join = await s.join(2)
    await until(at.play + SCRIPT.seek)
    at.seek = await press(b, SEEK_KEY)
    await until(at.play + SCRIPT.pause)
    at.pause = await press(c, 'k')
    await until(at.play + SCRIPT.resume - 400)
    const room = await playbackOf(who, s.room)
    await until(at.play + SCRIPT.resume)
    at.resume = await press(a, 'k')
    await until(at.play + SCRIPT.end)
    at.end = wall()
    const cpu = load()
    const stoodMs = standstill()
    const recordings = await Promise.all(s.pages.map(recordingOf))
    const complaints = s.pages.flatMap((p) => p.complaints)
    const clocks = await Promise.all(s.pages.map((p) => p.evaluate(() => window.__synctv.clock())))
    const traces = o.keep ? await Promise.all(s.pages.map((p) => p.evaluate(() => ({ origin: performance.timeOrigin, trace: window.__synctv.trace() })))) : []
    return { ...analyse(recordings, at, room), ruler, cpu, stoodMs, clocks, complaints, ...(o.keep && { recordings, at, traces }) }
  } finally {
    await s.close()
  }
}

/** Steady windows: all but the time after an event in which pages may still settle. */
export function windowsOf(at) {
  return {
    two: [[at.play + 2000, at.join]],
    three: [[at.join + 3000, at.seek], [at.seek + 2000, at.pause], [at.resume + 2000, at.end]],
  }
}

/** From the recordings of three pages to the numbers of one run. */
export function analyse(recordings, at, room) {
  const pair = recordings.slice(0, 2)
  const w = windowsOf(at)
  const steady = [
    ...w.two.flatMap(([x, y]) => compare(pair, x, y)),
    ...w.three.flatMap(([x, y]) => compare(recordings, x, y)),
  ]
  const after = (pages, t, end, there) => settleMs(compare(pages, t, end), t, there)
  const beyond = (p) => p.pos.every((x) => Math.abs(x - SEEK_TO_S) < 8)
  const windows = [...w.two, ...w.three]
  const minutes = windows.reduce((n, [x, y]) => n + (y - x), 0) / 60_000
  const stood = standing(recordings, at.resume - 800, at.resume - 50)
  return {
    steady: { ...spread(steady.map((p) => p.skewMs)), moving: steady.filter((p) => p.moving).length / Math.max(1, steady.length) },
    frames: spread(w.three.flatMap(([x, y]) => frameSkew(recordings, x, y))),
    settle: {
      play: after(pair, at.play, at.join),
      join: after(recordings, at.join, at.seek),
      seek: alignMs(compare(recordings, at.seek, at.pause), at.seek, beyond),
      again: after(recordings, at.seek, at.pause, beyond),
      resume: after(recordings, at.resume, at.end),
    },
    paused: pausedError(stood, room.positionMs ?? 0),
    moved: recordings.flatMap((r, i) => (stood[i] ? [] : [`page ${i}: ${storyOf(r, at.pause, at.resume)}`])),
    rateChangesPerMin: count(recordings, 'ratechange', windows) / recordings.length / minutes,
    worstRatePercent: worstRate(recordings, windows),
    seeksInSteady: count(recordings, 'seeking', windows),
  }
}

/** What a page did between two times, in few words: for those who have to find out why. */
function storyOf({ samples, events }, from, to) {
  const inside = samples.filter((s) => s.t >= from && s.t < to)
  const changes = inside.filter((s, i) => i === 0 || s.pos !== inside[i - 1].pos || s.moving !== inside[i - 1].moving)
  const at = (t) => `+${Math.round(t - from)}`
  return [
    ...changes.slice(-12).map((s) => `${at(s.t)} at ${s.pos.toFixed(4)}${s.moving ? ' moving' : ''} ready ${s.ready}`),
    ...events.filter((e) => e.t >= from && e.t < to).slice(-12).map((e) => `${at(e.t)} ${e.type}`),
    `${inside.length} samples`,
  ].join(', ')
}

/** How far from exact a pause was, in ms: between pages, and to the room. NaN when somebody still moved. */
export function pausedError(stood, roomMs) {
  if (stood.some((s) => s === null)) return { pages: NaN, room: NaN }
  const pos = stood.map((s) => s.pos)
  return {
    pages: (Math.max(...pos) - Math.min(...pos)) * 1000,
    room: Math.max(...pos.map((p) => Math.abs(p * 1000 - roomMs))),
  }
}
