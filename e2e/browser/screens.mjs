// Pictures of the pages, for the documentation and for eyes.
//
//   node e2e/browser/screens.mjs [--update] [--out DIR]      --update writes docs/images
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, options } from './lib/check.mjs'
import { clip } from './lib/clip.mjs'
import { root } from './lib/deps.mjs'
import { startOrigin } from './lib/origin.mjs'
import { launch } from './lib/pages.mjs'
import { openScenes } from './lib/scenes.mjs'
import { binary, startServer } from './lib/server.mjs'

const given = options({ update: { type: 'boolean', default: false }, out: { type: 'string' } })

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
  const server = c.own(await startServer({ program, env: { SYNCTV_SERVER_NAME: 'SyncTV' } }), (s) => s.stop())
  const browser = c.own(await launch())
  const scenes = c.own(await openScenes({ browser, server, media: origin.url }))
  let n = 0
  const wide = []
  for (const look of LOOKS) {
    const suffix = `${look.size}-${look.colorScheme}-${look.locale.slice(0, 2)}`
    await scenes.each(look, async (name, page) => {
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(dir, `${name}-${suffix}.png`) })
      n++
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)) wide.push(`${name}-${suffix}`)
    })
  }
  console.log(`${n} pictures in ${dir}`)
  c.expect('pictures', n, LOOKS.length * scenes.count, n === LOOKS.length * scenes.count)
  c.expect('pages wider than the screen', wide.join(', ') || 'none', 'none', wide.length === 0)
  return { dir, wide }
}, given)
