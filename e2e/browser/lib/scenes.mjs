// The pages of the product as people meet them: one room with a film, talk and company.
import { guest } from './api.mjs'
import { ownerOf } from './session.mjs'
import { joinAsGuest, openPage, untilPlaying } from './pages.mjs'

export const SIZES = { desktop: { viewport: { width: 1440, height: 900 } }, phone: { viewport: { width: 390, height: 844 }, phone: true } }
const PASSWORD = 'correct horse battery staple'
const TALK = [
  ['Ana', 'Is everybody here? 🍿'],
  ['Bo', 'Yes! Can you see the bouncing ball?'],
  ['Ana', 'Perfectly. Look at 0:42, that is my favourite part.'],
  ['林', '画面和声音都很同步'],
]

/** A signed-in page: the refresh token is put in once and rotates from then on. */
export async function ownerPage(browser, server, opts) {
  const res = await fetch(`${server.url}/api/v1/auth/login`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'root', password: PASSWORD }),
  })
  if (!res.ok) throw new Error(`sign in: ${res.status} ${await res.text()}`)
  const { refreshToken } = await res.json()
  const page = await openPage(browser, opts)
  await page.addInitScript((token) => {
    if (localStorage.getItem('synctv.refresh') === null) localStorage.setItem('synctv.refresh', token)
  }, refreshToken)
  return page
}

/** Prepares a server with rooms, people and talk. */
export async function openScenes({ browser, server, media }) {
  const who = await ownerOf(server)
  const tokens = await who.call('POST', '/api/v1/auth/password', { currentPassword: '', newPassword: PASSWORD })
  who.token = tokens.accessToken
  const settings = { preset: 'PRESET_OPEN', guestsAllowed: true, visibility: 'VISIBILITY_PUBLIC', waitPolicy: 'WAIT_POLICY_SOFT' }
  const film = (title) => ({ url: media, title, delivery: 'DELIVERY_DIRECT' })
  const room = await who.call('POST', '/api/v1/rooms', { name: 'Friday film club', settings, media: [film('The long test card'), film('A shorter one'), film('Credits')], play: true })
  const empty = await who.call('POST', '/api/v1/rooms', { name: 'An empty room', settings: { ...settings, visibility: 'VISIBILITY_PRIVATE' } })
  const talkers = new Map()
  for (const [name] of TALK) if (!talkers.has(name)) talkers.set(name, await guest(server, room, name))
  for (const [name, text] of TALK) await talkers.get(name).call('POST', `/api/v1/rooms/${room.id}/messages`, { text })
  const company = await openPage(browser, { tag: 'company', viewport: { width: 480, height: 400 } })
  await joinAsGuest(company, `${server.url}/j/${room.inviteCode}`, 'Mia')
  const say = (name, text, color) => talkers.get(name).call('POST', `/api/v1/rooms/${room.id}/messages`, { text, danmaku: { lane: 'DANMAKU_LANE_SCROLL', color } })
  const rewind = () => who.call('POST', `/api/v1/rooms/${room.id}/playback`, { intent: { op: 'PLAYBACK_OP_SEEK', positionMs: 20_000 } })
  return {
    count: NAMES.length,
    /**
     * Shows every scene in one look.
     * @param {{size: 'desktop' | 'phone', colorScheme: 'dark' | 'light', locale: string}} look
     * @param {(name: string, page: import('playwright-core').Page) => Promise<void>} visit
     */
    async each(look, visit) {
      const opts = { ...SIZES[look.size], colorScheme: look.colorScheme, locale: look.locale, record: false }
      const stranger = await openPage(browser, { tag: 'stranger', ...opts })
      await strangerScenes(stranger, server, room, visit)
      await stranger.context().close()
      const page = await ownerPage(browser, server, { tag: 'owner', ...opts })
      try {
        await ownerScenes(page, { server, room, empty, rewind, say }, visit)
      } finally {
        await page.context().close()
      }
    },
    close: () => company.context().close(),
  }
}

const NAMES = ['login', 'join', 'home', 'room', 'invite', 'people', 'queue', 'settings', 'room-empty']

async function strangerScenes(page, server, room, visit) {
  await page.goto(`${server.url}/login`)
  await page.locator('input[name=username]').waitFor()
  await visit('login', page)
  await page.goto(`${server.url}/j/${room.inviteCode}`)
  await page.locator('input[name=nickname]').fill('Velvet Heron')
  await visit('join', page)
}

async function ownerScenes(page, { server, room, empty, rewind, say }, visit) {
  await page.goto(server.url)
  await page.locator('.start').waitFor()
  await page.locator('.grid .card:not(.skeleton)').first().waitFor()
  await visit('home', page)
  await rewind()
  await page.goto(`${server.url}/r/${room.id}`)
  await untilPlaying(page)
  await page.mouse.move(200, 200)
  await say('Ana', 'here it comes', 0xffe08a)
  await say('Bo', 'wow, the colours', 0x9fd0ff)
  await say('林', '前方高能', 0xffffff)
  await page.waitForTimeout(1500)
  await page.mouse.move(220, 220)
  await visit('room', page)
  await page.locator('.room-bar .btn.primary').click()
  await page.locator('dialog').waitFor()
  await visit('invite', page)
  await page.keyboard.press('Escape')
  await page.locator('#tab-people').click()
  await page.locator('#panel-people').waitFor()
  await visit('people', page)
  await page.locator('#tab-queue').click()
  await page.locator('#panel-queue').waitFor()
  await visit('queue', page)
  await page.goto(`${server.url}/r/${room.id}/settings`)
  await page.locator('dialog').waitFor()
  await visit('settings', page)
  await page.goto(`${server.url}/r/${empty.id}`)
  await page.locator('.room').waitFor()
  await visit('room-empty', page)
}
