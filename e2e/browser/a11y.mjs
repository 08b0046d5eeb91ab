// Everybody's pages: axe finds nothing on any of them.
//
//   node e2e/browser/a11y.mjs [--all] [--live]      --live: live scenes alone; --all: both sizes in both colours, not only the two opposites
import { readFileSync } from 'node:fs'
import { axePath } from './lib/deps.mjs'
import { main, options } from './lib/check.mjs'
import { clip } from './lib/clip.mjs'
import { startOrigin } from './lib/origin.mjs'
import { launch } from './lib/pages.mjs'
import { openLiveScenes } from './lib/live-scenes.mjs'
import { openScenes } from './lib/scenes.mjs'
import { binary, freePort, startServer } from './lib/server.mjs'
import { ownerOf } from './lib/session.mjs'

const given = options({ all: { type: 'boolean', default: false }, live: { type: 'boolean', default: false } })
const LOOKS = [['desktop', 'dark'], ['phone', 'light']]
const MORE = [['desktop', 'light'], ['phone', 'dark']]
const axe = readFileSync(axePath(), 'utf8')

/** What axe says against a page: rule, how bad, where. */
async function complaints(page) {
  // Words that are just fading in have no contrast yet.
  await page.waitForTimeout(600)
  // Colours of what is just fading in or out are nobody's.
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().endTime === Infinity), undefined, { timeout: 5000, polling: 100 }).catch(() => {})
  await page.evaluate(axe)
  const { violations, passes } = await page.evaluate(() => window.axe.run(document).then((r) => ({ violations: r.violations, passes: r.passes.length })))
  if (passes < 10) throw new Error(`axe looked at nothing: ${passes} rules passed at ${page.url()}`)
  return violations.flatMap((v) => v.nodes.map((n) => ({ rule: v.id, impact: v.impact, where: n.target.join(' '), why: n.failureSummary.replaceAll('\n', ' ') })))
}

await main('a11y', async (c) => {
  const program = binary()
  const origin = c.own(await startOrigin(await clip()))
  const server = c.own(await startServer({ program, env: { SYNCTV_LIVESTREAM_RTMP_PORT: String(await freePort()) } }), (s) => s.stop())
  const browser = c.own(await launch())
  const all = []
  const scenes = c.own(await openScenes({ browser, server, media: origin.url }))
  const live = c.own(await openLiveScenes({ browser, server, who: await ownerOf(server) }))
  for (const [size, colorScheme] of given.all ? [...LOOKS, ...MORE] : LOOKS) {
    const look = async (name, page) => {
      const found = await complaints(page)
      for (const f of found) all.push({ scene: name, colorScheme, size, ...f })
      const serious = found.filter((f) => f.impact === 'serious' || f.impact === 'critical').length
      const words = found.map((f) => `${f.rule} (${f.impact}) at ${f.where}`).join(' | ')
      c.expect(`${name}, ${size}, ${colorScheme}`, found.length ? `${found.length}, ${serious} of them serious: ${words}` : 'nothing', 'nothing', found.length === 0)
    }
    for (const part of given.live ? [live] : [scenes, live]) await part.each({ colorScheme, size, locale: 'en-US' }, look)
  }
  for (const f of all) console.log(`${f.scene} ${f.size} ${f.colorScheme}: ${f.rule} (${f.impact}) ${f.where}\n    ${f.why}`)
  return all
}, given)
