// Are three screens one? Real browsers, the real server, lines with delay and jitter.
//
//   node e2e/browser/sync.mjs [--runs 5] [--networks lan,wan,mixed] [--only script|stall] [--json FILE] [--raw FILE]
import { writeFileSync } from 'node:fs'
import { clip, CLIP_BYTES_PER_S } from './lib/clip.mjs'
import { Check, fixed, main, options, table } from './lib/check.mjs'
import { compare, longestStandMs, median, percentile, settleMs } from './lib/measure.mjs'
import { startOrigin } from './lib/origin.mjs'
import { disturbance, machine, undisturbed } from './lib/machine.mjs'
import { launch, press, untilReady } from './lib/pages.mjs'
import { recordingOf } from './lib/recorder.mjs'
import { binary, startServer } from './lib/server.mjs'
import { HOUR_MS, NETWORKS, openSession, ownerOf, runScript, SCRIPT } from './lib/session.mjs'

const given = options({ runs: { type: 'string', default: '5' }, networks: { type: 'string', default: 'lan,wan,mixed' }, only: { type: 'string' }, raw: { type: 'string' } })

/** What is promised, in ms: medians over the runs. */
const PROMISE = {
  skew: { lan: 15, wan: 20, mixed: 30 },
  settle: { play: 700, seek: 700, again: 700, resume: 700, join: 2500 },
  stallBack: 3000,
}

/** How the table puts it. */
const SAID = { play: 'together after play', seek: 'the same frame after seek', again: 'together after seek, playing', resume: 'together after resume', join: 'together after join' }

const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const percent = (x) => (x === undefined ? '?' : `${Math.round(x * 100)} %`)
const worst = (values) => (values.some(Number.isNaN) ? NaN : Math.max(...values))

/** All runs of one network, each with fresh pages. In every second run one page's wall clock is an hour wrong. */
async function measure(network, runs, deps) {
  const out = []
  for (let i = 0, again = runs; i < runs; i++) {
    const liar = i % 2 === 1
    const r = await runScript({ ...deps, lines: NETWORKS[network], lies: liar ? [0, i % 4 === 1 ? HOUR_MS : -HOUR_MS, 0] : [] })
    const s = r.settle
    console.log(`${network} ${i + 1}/${runs}${liar ? ' (one wall clock an hour wrong)' : ''}: p95 ${fixed(r.steady.p95)} max ${fixed(r.steady.max)} ms; `
      + `settled after play ${fixed(s.play, 0)} join ${fixed(s.join, 0)} seek ${fixed(s.seek, 0)} (playing again ${fixed(s.again, 0)}) resume ${fixed(s.resume, 0)} ms; `
      + `paused ${fixed(r.paused.pages, 3)} ms; ${fixed(r.rateChangesPerMin)} rate changes/min; ruler ${fixed(r.ruler, 2)} ms; others took ${percent(r.cpu?.foreign)} of the machine`)
    for (const who of r.moved) console.log(`   moved in the pause: ${who}`)
    if (r.complaints.length) console.log('  ', [...new Set(r.complaints)].slice(0, 5).join(' | '))
    const why = disturbance(r)
    if (why && again-- > 0) {
      console.log(`   not counted, and measured again: ${why}`)
      i--
      continue
    }
    out.push({ network, liar, ...r })
  }
  return out
}

function judge(c, network, runs) {
  const p95 = (rs) => rs.map((r) => r.steady.p95)
  const lying = runs.filter((r) => r.liar)
  c.atMost(`${network}: p95 skew, median of ${runs.length} runs`, median(p95(runs)), PROMISE.skew[network])
  if (lying.length) c.atMost(`${network}: the same with a wrong wall clock, ${lying.length} runs`, median(p95(lying)), PROMISE.skew[network])
  for (const [event, limit] of Object.entries(PROMISE.settle)) c.atMost(`${network}: ${SAID[event]}, median`, median(runs.map((r) => r.settle[event])), limit, 'ms', 0)
  const paused = runs.map((r) => r.paused)
  c.expect(`${network}: paused, pages differ by`, `${fixed(worst(paused.map((p) => p.pages)), 3)} ms`, '0', paused.every((p) => p.pages === 0))
  // A media element keeps whole microseconds, and may lose one on the way in.
  c.expect(`${network}: paused, off the room by`, `${fixed(worst(paused.map((p) => p.room)), 3)} ms`, '< 0.002 ms', paused.every((p) => p.room < 0.002))
  const still = runs.filter((r) => r.steady.moving < 0.99).length
  c.expect(`${network}: runs in which a film stood in a steady window`, still, 0, still === 0)
}

function summary(all) {
  const rows = Object.keys(NETWORKS).filter((n) => all.some((r) => r.network === n)).map((n) => {
    const runs = all.filter((r) => r.network === n)
    const of = (f) => runs.map(f)
    const three = (values) => `${fixed(median(values), 0)} / ${fixed(percentile(values, 0.95), 0)} / ${fixed(Math.max(...values), 0)}`
    return [n, runs.length, fixed(median(of((r) => r.steady.p50))), fixed(median(of((r) => r.steady.p95))), fixed(Math.max(...of((r) => r.steady.p95))), fixed(Math.max(...of((r) => r.steady.max))),
      three(of((r) => r.settle.play)), three(of((r) => r.settle.join)), three(of((r) => r.settle.seek)), three(of((r) => r.settle.again)), three(of((r) => r.settle.resume)),
      fixed(median(of((r) => r.rateChangesPerMin))), fixed(Math.max(...of((r) => r.worstRatePercent))), percent(median(of((r) => r.cpu?.foreign ?? NaN)))]
  })
  return table(['network', 'runs', 'skew p50', 'p95', 'worst p95', 'max', 'play p50/p95/max', 'join', 'seek', 'playing again', 'resume', 'rates/min', 'worst %', 'others took'], rows)
}

/** One page gets no bytes until its film has stood for five seconds: the others must not notice. */
async function starve({ origin, server, browser }) {
  const starvedMs = 5000
  const s = await openSession({ browser, server, who: await ownerOf(server), media: origin.url, lines: NETWORKS.lan })
  for (let i = 0; i < 3; i++) await s.page()
  const [a, , slow] = s.pages
  origin.pace(slow.tag, CLIP_BYTES_PER_S * 1.3)
  await Promise.all([0, 1, 2].map((i) => s.join(i)))
  await Promise.all(s.pages.map(untilReady))
  await sleep(1000)
  await press(a, 'k')
  await sleep(5000)
  origin.block(slow.tag)
  await slow.waitForFunction(() => document.querySelector('video').readyState < 3, undefined, { timeout: 30_000, polling: 50 })
  const dry = performance.timeOrigin + performance.now()
  // A dry film is moved once more, to where the others are, and stands there: its five seconds begin then.
  await slow.waitForFunction((ms) => {
    const { currentTime, readyState } = document.querySelector('video')
    const now = performance.now()
    if (window.__stands?.at !== currentTime) window.__stands = { at: currentTime, since: now }
    return readyState < 3 && now - window.__stands.since >= ms
  }, starvedMs, { timeout: 30_000, polling: 50 })
  const freed = performance.timeOrigin + performance.now()
  origin.free(slow.tag)
  await sleep(6000)
  const recordings = await Promise.all(s.pages.map(recordingOf))
  const others = recordings.slice(0, 2).map((r) => longestStandMs(r.samples, dry - 1000, freed + 5000))
  const stood = longestStandMs(recordings[2].samples, dry - 500, freed)
  const back = settleMs(compare(recordings, freed, freed + 6000), freed)
  await s.close()
  return { stood, others, back }
}

async function stall(c, deps) {
  const { stood, others, back } = await undisturbed('stall', () => starve(deps))
  c.expect('stall: the starved film stood for', `${fixed(stood, 0)} ms`, '>= 4000 ms', stood >= 4000)
  c.atMost('stall: the other films stood at most', Math.max(...others), 150, 'ms', 0)
  c.atMost('stall: together again after the bytes came', back, PROMISE.stallBack, 'ms', 0)
  return { stood, others, back }
}

await main('sync', async (c) => {
  const program = binary()
  const origin = c.own(await startOrigin(await clip()))
  const browser = c.own(await launch())
  const runs = []
  const data = { machine: machine(), script: SCRIPT, runs }
  if (given.only !== 'stall') {
    for (const network of given.networks.split(',')) {
      const server = await startServer({ program })
      try {
        runs.push(...await measure(network, Number(given.runs), { browser, server, media: origin.url, keep: Boolean(given.raw) }))
      } finally {
        await server.stop()
      }
      judge(c, network, runs.filter((r) => r.network === network))
    }
    console.log(`\n${summary(runs)}`)
  }
  if (given.only !== 'script') {
    const server = c.own(await startServer({ program }), (x) => x.stop())
    data.stall = await stall(c, { origin, server, browser })
  }
  if (given.raw) writeFileSync(given.raw, JSON.stringify(runs))
  return data
}, given)
