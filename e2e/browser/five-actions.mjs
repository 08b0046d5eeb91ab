// From nothing to two people in front of the same picture: one command, three actions of the host,
// one of the guest, and no more. Browsers here want a tap before they give sound, as people's do.
import { launch, now, openPage, untilPlaying } from './lib/pages.mjs'
import { clip } from './lib/clip.mjs'
import { main, options } from './lib/check.mjs'
import { startOrigin } from './lib/origin.mjs'
import { binary, startServer } from './lib/server.mjs'

const viewport = { width: 1440, height: 900 }
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
/** How far apart the two may be. */
const APART_MS = 40

await main('five-actions', async (c) => {
  const actions = []
  const act = async (who, what, deed) => {
    await deed()
    actions.push(`${who}: ${what}`)
  }
  const origin = c.own(await startOrigin(await clip()))
  const program = binary()
  const browser = c.own(await launch({ gesture: true }))
  const host = await openPage(browser, { tag: 'host', viewport, clipboard: true })
  const guest = await openPage(browser, { tag: 'guest', viewport })

  let server
  await act('operator', 'synctv', async () => {
    server = c.own(await startServer({ program }), (s) => s.stop())
  })
  c.expect('the start prints a one-time link', server.link || 'none', 'a link', server.link !== '')

  // Opening the printed link is part of the command: most terminals open it by a click.
  await host.goto(server.link)
  await act('host', 'paste the address of a film', async () => {
    const box = host.locator('.start input')
    const shown = await box.waitFor({ timeout: 5000 }).then(() => true, () => false)
    c.expect('the link leads to the box', shown ? 'box shown' : new URL(host.url()).pathname, 'box shown', shown)
    if (!shown) {
      actions.push('host: find the way home')
      await host.locator('a.brand').click()
    }
    await box.fill(origin.url)
  })
  await act('host', 'Start a room', () => host.locator('.start button').click())
  await act('host', 'Copy invite', () => host.locator('dialog button', { hasText: 'Copy invite' }).click())
  const invite = await host.evaluate(() => navigator.clipboard.readText())
  c.expect('the clipboard holds the invite', invite, `${server.url}/j/...`, invite.startsWith(`${server.url}/j/`))

  await guest.goto(invite)
  await act('guest', 'Join with sound', () => guest.getByRole('button', { name: 'Join with sound' }).click())
  for (const [name, page] of Object.entries({ host, guest })) {
    const plays = await untilPlaying(page).then(() => true, () => false)
    c.expect(`the film moves at the ${name}`, plays ? 'moves' : 'stands', 'moves', plays)
  }
  // Who has just come is steered to where the others are.
  await sleep(2500)
  const [a, b] = await Promise.all([now(host), now(guest)])
  const apart = a && b ? Math.abs(a.position - b.position + (b.at - a.at) / 1000) * 1000 : NaN
  for (const [name, s] of [['host', a], ['guest', b]]) {
    c.expect(`with sound at the ${name}`, s ? `muted ${s.muted}, volume ${s.volume}` : 'no film', 'muted false, volume above 0', s && !s.muted && s.volume > 0)
  }
  c.atMost('the two are apart by', apart, APART_MS)
  c.expect('actions', `${actions.length}: ${actions.join(' | ')}`, '5', actions.length === 5)
  c.expect('errors in the pages', [...host.complaints, ...guest.complaints].join(' | ') || 'none', 'none', host.complaints.length + guest.complaints.length === 0)
  return { actions, apartMs: apart }
}, options())
