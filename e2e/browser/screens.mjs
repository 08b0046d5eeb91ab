// Pictures of the pages, for the documentation and for eyes.
//
//   node e2e/browser/screens.mjs [--update] [--out DIR] [--live] [--only NAME]      --update writes docs/images; --live: live scenes alone
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, options } from './lib/check.mjs'
import { clip } from './lib/clip.mjs'
import { root } from './lib/deps.mjs'
import { startOrigin } from './lib/origin.mjs'
import { launch } from './lib/pages.mjs'
import { openLiveScenes } from './lib/live-scenes.mjs'
import { openScenes } from './lib/scenes.mjs'
import { binary, freePort, startServer } from './lib/server.mjs'
import { ownerOf } from './lib/session.mjs'

const given = options({ update: { type: 'boolean', default: false }, out: { type: 'string' }, live: { type: 'boolean', default: false }, only: { type: 'string' } })

/** Looks that are worth a picture each. */
const LOOKS = [
  { size: 'desktop', colorScheme: 'dark', locale: 'en-US' },
  { size: 'desktop', colorScheme: 'light', locale: 'zh-CN' },
  { size: 'phone', colorScheme: 'dark', locale: 'zh-CN' },
  { size: 'phone', colorScheme: 'light', locale: 'en-US' },
]

await main('screens', async (c) => {
  const dir = given.update ? join(root, 'docs', 'images') : (given.out ?? mkdtempSync(join(tmpdir(), 'synctv-screens-')))
  mkdirSync(dir, { recursive: true })
  const program = binary()
  const origin = c.own(await startOrigin(await clip()))
  const rtmp = String(await freePort())
  const server = c.own(await startServer({ program, env: { SYNCTV_SERVER_NAME: 'SyncTV', SYNCTV_LIVESTREAM_RTMP_PORT: rtmp } }), (s) => s.stop())
  const browser = c.own(await launch())
  const scenes = c.own(await openScenes({ browser, server, media: origin.url }))
  const live = c.own(await openLiveScenes({ browser, server, who: await ownerOf(server) }))
  const wanted = (name) => !given.only || name.startsWith(given.only)
  let n = 0
  const wide = []
  for (const look of LOOKS) {
    const suffix = `${look.size}-${look.colorScheme}-${look.locale.slice(0, 2)}`
    const shoot = async (name, page) => {
      if (!wanted(name)) return
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(dir, `${name}-${suffix}.png`) })
      n++
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)) wide.push(`${name}-${suffix}`)
    }
    if (!given.live) await scenes.each(look, shoot)
    await live.each(look, shoot)
  }
  console.log(`${n} pictures in ${dir}`)
  const all = LOOKS.length * ((given.live ? 0 : scenes.count) + live.count)
  if (!given.only) c.expect('pictures', n, all, n === all)
  c.expect('pages wider than the screen', wide.join(', ') || 'none', 'none', wide.length === 0)
  return { dir, wide }
}, given)
