// Going live as people meet it: the tile, the check, a live room, and what is shown while nobody publishes.
import { guest } from './api.mjs'
import { joinAsGuest, openPage } from './pages.mjs'
import { publish } from './publisher.mjs'
import { SIZES, ownerPage } from './scenes.mjs'

export const LIVE_NAMES = ['live-tile', 'live-waiting', 'live-check', 'live-manage', 'live-room', 'live-back', 'live-reconnecting', 'live-ended', 'stream', 'stream-lost']

/** An evening sun: easy on the eye, and on the machine. */
const EVENING = 'gradients=type=radial:c0=0xffd9a0:c1=0xe0785a:c2=0x7a3566:c3=0x161433:nb_colors=4:x0=640:y0=500:x1=1279:y1=0:speed=0.002'

const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const held = (page, timeout = 40_000) => page.waitForFunction(() => {
  const l = window.__synctv?.live()
  return l && l.phase === 'live' && l.latencyMs !== null && Math.abs(l.latencyMs - l.targetMs) < 400
}, undefined, { timeout, polling: 200 }).catch(async (err) => {
  const state = await page.evaluate(() => {
    const v = document.querySelector('video')
    const b = v ? [...Array(v.buffered.length).keys()].map((i) => [v.buffered.start(i), v.buffered.end(i)]) : []
    return { live: window.__synctv?.live(), at: v?.currentTime, ready: v?.readyState, paused: v?.paused, ended: v?.ended, seeking: v?.seeking, rate: v?.playbackRate, buffered: b, clock: window.__synctv?.clock() }
  })
  throw new Error(`${err.message}: ${JSON.stringify(state)}; ${page.complaints.slice(-5).join(' | ')}`)
})

/** Prepares a room with a stream and talk. The server takes encoders. */
export async function openLiveScenes({ browser, server, who }) {
  const settings = { preset: 'PRESET_OPEN', guestsAllowed: true, visibility: 'VISIBILITY_PUBLIC' }
  const room = await who.call('POST', '/api/v1/rooms', { name: 'Kitchen concert', settings })
  const made = await who.call('POST', '/api/v1/streams', { roomId: room.id, title: 'Songs from the kitchen' })
  const to = { server: made.stream.ingest.rtmpServer, key: made.key.secret }
  await who.call('PATCH', `/api/v1/streams/${made.stream.id}`, { visibility: 'VISIBILITY_UNLISTED' })
  await who.call('POST', `/api/v1/rooms/${room.id}/media`, { media: [{ provider: 'live', url: made.stream.id }], playNow: true })
  for (const [name, text] of [['Ana', 'Is it on yet?'], ['Bo', 'Two minutes, she is tuning'], ['林', '期待 🎸']]) {
    await (await guest(server, room, name)).call('POST', `/api/v1/rooms/${room.id}/messages`, { text })
  }
  const company = await openPage(browser, { tag: 'company', viewport: { width: 480, height: 400 }, record: false })
  // Company is seen, and need not see.
  await company.route('**/live/**', (route) => route.abort())
  await joinAsGuest(company, `${server.url}/j/${room.inviteCode}`, 'Mia')
  return {
    count: LIVE_NAMES.length,
    async each(look, visit) {
      const opts = { ...SIZES[look.size], colorScheme: look.colorScheme, locale: look.locale, record: false }
      const page = await ownerPage(browser, server, { tag: 'owner', ...opts })
      try {
        await scenes(page, { server, room, who, stream: made.stream, to }, visit)
      } finally {
        await page.context().close()
      }
    },
    close: () => company.context().close(),
  }
}

const records = (state) => `.go-records li:has(${state})`

/** One recording that is complete, and one that is being made. */
async function recordTwice(page) {
  const button = page.locator('.go-records-head .btn')
  await button.click()
  await page.locator(records('.go-dot.on')).waitFor({ timeout: 20_000 })
  await sleep(5000)
  await button.click()
  await page.locator(records('.icon-btn')).waitFor({ timeout: 20_000 })
  await button.click()
  await page.locator(records('.go-dot.on')).waitFor({ timeout: 20_000 })
  await sleep(4000)
  await page.locator('.go-records').evaluate((el) => el.scrollIntoView({ block: 'center' }))
  await sleep(600)
}

/** The next look begins as this one did. */
async function forgetRecordings(page, who, stream) {
  await page.locator('.go-records-head .btn').click()
  await page.locator(records('.go-dot.on')).waitFor({ state: 'detached', timeout: 20_000 })
  const { recordings } = await who.call('GET', `/api/v1/recordings?streamId=${stream.id}`)
  for (const r of recordings) await who.call('DELETE', `/api/v1/recordings/${r.id}`)
}

async function scenes(page, { server, room, who, stream, to }, visit) {
  await page.goto(`${server.url}/r/${room.id}`)
  await page.locator('.room').waitFor()
  await page.locator('#tab-queue').click()
  await page.locator('.live-tile').click()
  await page.locator('.go-check').waitFor()
  await visit('live-tile', page)
  await page.keyboard.press('Escape')
  await page.locator('#tab-chat').click()
  await page.locator('.st-air').waitFor()
  await visit('live-waiting', page)
  const first = publish({ ...to, picture: EVENING, size: '960x540', fps: 25 })
  await page.evaluate(() => document.querySelector('.st')?.dispatchEvent(new CustomEvent('synctv:go-live', { bubbles: true })))
  await page.locator('.go-check[data-verdict="on"]').waitFor({ timeout: 20_000 })
  await sleep(7000)
  await visit('live-check', page)
  await page.locator('.go-manage summary').click()
  await page.locator('.go-sessions li').first().waitFor()
  await recordTwice(page)
  await visit('live-manage', page)
  await forgetRecordings(page, who, stream)
  await page.keyboard.press('Escape')
  await held(page)
  await page.evaluate(() => document.activeElement?.blur?.())
  await sleep(1500)
  await page.mouse.move(200, 200)
  await page.mouse.move(220, 220)
  await visit('live-room', page)
  await sleep(11_000)
  await page.keyboard.press('j')
  await page.locator('.st-return').waitFor()
  await sleep(800)
  await page.mouse.move(200, 210)
  await visit('live-back', page)
  await page.evaluate(() => document.activeElement?.blur?.())
  await page.keyboard.press('r')
  await held(page)
  await first.vanish()
  await page.locator('.st-air-back').waitFor({ timeout: 10_000 })
  await visit('live-reconnecting', page)
  const second = publish({ ...to, picture: EVENING, size: '960x540', fps: 25 })
  await held(page)
  await second.close()
  await page.locator('.st-air:not(.st-air-back)').waitFor({ timeout: 15_000 })
  await visit('live-ended', page)
  const third = publish({ ...to, picture: EVENING, size: '960x540', fps: 25 })
  await page.goto(`${server.url}/s/${stream.id}`)
  await page.locator('.air').waitFor()
  await held(page)
  await page.locator('.air-facts .badge.live').waitFor()
  await sleep(1500)
  await held(page)
  await page.mouse.move(200, 220)
  await visit('stream', page)
  await third.close()
  await page.goto(`${server.url}/s/${stream.id}x`)
  await page.locator('.notice').waitFor()
  await visit('stream-lost', page)
}
