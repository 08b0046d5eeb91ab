// Words: they arrive as they were written, as text and nothing else, in the chat and on the picture.
import { main, options } from './lib/check.mjs'
import { clip } from './lib/clip.mjs'
import { startOrigin } from './lib/origin.mjs'
import { launch, press, untilPlaying, untilReady } from './lib/pages.mjs'
import { binary, startServer } from './lib/server.mjs'
import { NETWORKS, openSession, ownerOf } from './lib/session.mjs'

const EVIL = '<img src=x onerror="window.__owned=1"><b>bold</b>'

const texts = (page) => page.locator('.log .message-text').allInnerTexts()
const seen = (page, text, timeout = 5000) => page.waitForFunction(
  (t) => [...document.querySelectorAll('.log .message-text')].some((e) => e.textContent.includes(t)), text, { timeout }).then(() => true, () => false)
const gone = (page, text) => page.waitForFunction(
  (t) => ![...document.querySelectorAll('.log .message-text')].some((e) => e.textContent.includes(t)), text, { timeout: 5000 }).then(() => true, () => false)
const onPicture = (page, text) => page.waitForFunction(
  (t) => [...document.querySelectorAll('.dm-layer *')].some((e) => e.textContent.includes(t) && e.getBoundingClientRect().width > 0), text, { timeout: 5000, polling: 50 }).then(() => true, () => false)

async function say(page, text) {
  await page.locator('.composer textarea').fill(text)
  await page.locator('.composer textarea').press('Enter')
}

/** Opens the menu of the page's message with this text and picks an entry. */
async function pick(page, text, entry) {
  const line = page.locator('.log .message', { hasText: text }).last()
  await line.hover()
  await line.locator('.message-menu button').first().click()
  await page.getByRole('menuitem', { name: entry }).click()
}

await main('chat-danmaku', async (c) => {
  const program = binary()
  const origin = c.own(await startOrigin(await clip()))
  const browser = c.own(await launch())
  const server = c.own(await startServer({ program }), (s) => s.stop())
  const s = c.own(await openSession({ browser, server, who: await ownerOf(server), media: origin.url, lines: NETWORKS.lan.slice(0, 2) }))
  const viewport = { width: 1440, height: 900 }
  const [a, b] = [await s.page({ viewport }), await s.page({ viewport })]
  await Promise.all([s.join(0), s.join(1)])
  await Promise.all(s.pages.map(untilReady))
  await press(a, 'k')
  await Promise.all(s.pages.map((p) => untilPlaying(p)))

  await say(a, 'hello there')
  const hello = await seen(b, 'hello there')
  c.expect('a message arrives', hello, true, hello)

  await a.getByRole('button', { name: 'On screen' }).click()
  await say(a, 'across the picture')
  const [cross, own, chat] = await Promise.all([onPicture(b, 'across the picture'), onPicture(a, 'across the picture'), seen(b, 'across the picture')])
  c.expect('danmaku crosses the other picture', cross, true, cross)
  c.expect('danmaku is in the other chat', chat, true, chat)
  c.expect('danmaku crosses the own picture', own, true, own)

  await say(a, EVIL)
  const [evilCross, evilChat] = await Promise.all([onPicture(b, '<b>bold</b>'), seen(b, EVIL)])
  c.expect('markup is shown as text in the chat', evilChat, true, evilChat)
  c.expect('markup is shown as text on the picture', evilCross, true, evilCross)
  const harm = await Promise.all(s.pages.map((p) => p.evaluate(() => window.__owned === 1 || document.querySelector('.log img, .dm-layer img, .log .message-text > b:not(.mention), .dm-layer b') !== null)))
  c.expect('markup does nothing', harm.some(Boolean) ? 'ran or was parsed' : 'nothing', 'nothing', !harm.some(Boolean))

  await pick(a, 'hello there', 'Edit')
  await a.locator('.composer textarea').fill('hello everybody')
  await a.locator('.composer textarea').press('Enter')
  const edited = (await seen(b, 'hello everybody')) && (await gone(b, 'hello there'))
  c.expect('an edit arrives', edited ? 'changed' : (await texts(b)).join(' | '), 'changed', edited)

  await pick(a, 'hello everybody', 'Delete')
  const deleted = (await gone(b, 'hello everybody')) && (await gone(a, 'hello everybody'))
  c.expect('a deletion arrives', deleted ? 'gone' : (await texts(b)).join(' | '), 'gone', deleted)

  await say(b, '你好，世界 🎬')
  const cjk = await seen(a, '你好，世界 🎬')
  c.expect('any script comes back whole', cjk, true, cjk)
  const errors = s.pages.flatMap((p) => p.complaints)
  c.expect('errors in the pages', errors.join(' | ') || 'none', 'none', errors.length === 0)
}, options())
