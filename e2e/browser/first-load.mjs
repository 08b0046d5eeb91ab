// What a first visit costs: the scripts of the home page, as they travel.
import { gzipSync } from 'node:zlib'
import { chromiumPath } from './lib/deps.mjs'
import { main, options } from './lib/check.mjs'
import { launch, openPage } from './lib/pages.mjs'
import { binary, startServer } from './lib/server.mjs'

const LIMIT_KB = 60

await main('first-load', async (c) => {
  const program = binary()
  const server = c.own(await startServer({ program }), (s) => s.stop())
  const browser = c.own(await launch())
  const page = await openPage(browser, { tag: 'first', record: false })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const asked = new Map()
  const files = []
  cdp.on('Network.responseReceived', (e) => asked.set(e.requestId, { url: e.response.url, type: e.type, encoding: header(e.response.headers, 'content-encoding') || 'none' }))
  cdp.on('Network.loadingFinished', (e) => {
    const f = asked.get(e.requestId)
    if (f) files.push({ ...f, bytes: e.encodedDataLength })
  })
  await page.goto(server.url)
  await page.locator('.hero').waitFor()
  await page.waitForLoadState('networkidle')
  const scripts = files.filter((f) => new URL(f.url).pathname.endsWith('.js'))
  const kb = (list) => list.reduce((n, f) => n + f.bytes, 0) / 1000
  for (const f of scripts) console.log(`${(f.bytes / 1000).toFixed(1).padStart(7)} kB  ${f.encoding.padEnd(5)} ${new URL(f.url).pathname}`)
  // The same files for a client that takes gzip alone.
  let gzip = 0
  for (const f of scripts) {
    const res = await fetch(f.url, { headers: { 'accept-encoding': 'gzip' } })
    gzip += gzipSync(Buffer.from(await res.arrayBuffer()), { level: 9 }).length / 1000
  }
  c.expect('scripts were seen', scripts.length, '> 0', scripts.length > 0)
  // A few hundred bytes gain nothing by it.
  const plain = scripts.filter((f) => f.encoding === 'none' && f.bytes > 2000)
  c.expect('scripts that are not compressed', plain.map((f) => new URL(f.url).pathname).join(', ') || 'none', 'none', plain.length === 0)
  c.atMost('scripts of the home page, with headers', kb(scripts), LIMIT_KB, 'kB')
  c.expect('the same by gzip, without headers', `${gzip.toFixed(1)} kB`, 'for reading', true)
  c.expect('everything of the home page', `${kb(files).toFixed(1)} kB in ${files.length} answers`, 'for reading', true)
  c.expect('errors in the page', page.complaints.join(' | ') || 'none', 'none', page.complaints.length === 0)
  return { browser: chromiumPath(), scriptKB: kb(scripts), gzipKB: gzip, allKB: kb(files), files }
}, options())

function header(headers, name) {
  return Object.entries(headers).find(([k]) => k.toLowerCase() === name)?.[1] ?? ''
}
