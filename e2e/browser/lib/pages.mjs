// Browsers and the people in them.
import { chromiumDriver, chromiumPath } from './deps.mjs'
import { installLie, installRecorder } from './recorder.mjs'

/** What keeps a headless browser honest: nothing is slowed because nobody looks. */
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
  '--disable-features=CalculateNativeWinOcclusion,Translate,MediaRouter,OptimizationHints', '--disable-extensions',
]

/**
 * One browser for all pages: contexts share nothing but its network and audio services.
 * @param {{gesture?: boolean}} opts gesture: sound needs a tap first, as it does for people
 */
export async function launch({ gesture = false } = {}) {
  const policy = gesture ? 'document-user-activation-required' : 'no-user-gesture-required'
  return chromiumDriver().launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [...FLAGS, `--autoplay-policy=${policy}`],
    // Sound is decoded and rendered as for people; this machine has no loudspeaker anyhow.
    ignoreDefaultArgs: ['--mute-audio'],
  })
}

/**
 * A page of its own: own cookies, own storage, own User-Agent tag.
 * @param {import('playwright-core').Browser} browser
 * @param {{tag: string, lieMs?: number, locale?: string, viewport?: {width: number, height: number}, colorScheme?: 'light' | 'dark',
 *   phone?: boolean, clipboard?: boolean, record?: boolean, ownScripts?: boolean}} opts ownScripts: the test brings scripts that the page's policy would not let in
 */
export async function openPage(browser, opts) {
  const { tag, lieMs = 0, locale = 'en-US', viewport = { width: 1100, height: 620 }, colorScheme = 'dark', phone = false, clipboard = false, record = true, ownScripts = false } = opts
  const context = await browser.newContext({
    locale, viewport, colorScheme, timezoneId: 'UTC', reducedMotion: 'no-preference',
    userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version().split('.')[0]}.0.0.0 Safari/537.36 page/${tag}`,
    bypassCSP: ownScripts,
    ...(phone && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
  })
  if (clipboard) await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  if (lieMs) await context.addInitScript(installLie, lieMs)
  if (record) await context.addInitScript(installRecorder)
  await context.addInitScript(() => sessionStorage.setItem('synctv.probe', '1'))
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints = []
  page.on('pageerror', (e) => complaints.push(`${tag}: ${e.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(`${tag}: ${m.text()}`)
  })
  return Object.assign(page, { tag, complaints, person: tag })
}

/** Goes to an invite as a guest and taps the one button; resolves with the time of the tap by the page's clock. */
export async function joinAsGuest(page, inviteUrl, name) {
  await page.goto(inviteUrl)
  await page.locator('input[name=nickname]').fill(name)
  const tap = await page.evaluate(() => performance.timeOrigin + performance.now())
  await page.locator('form button[type=submit]').click()
  await page.locator('.room').waitFor()
  return tap
}

/** Waits until the page has the film, can play it and knows the server's clock. */
export async function untilReady(page) {
  await page.waitForFunction(() => {
    const v = document.querySelector('video')
    return v && v.readyState >= 3 && window.__synctv?.clock().ready && window.__synctv.state().ready
  })
}

/** Waits until the film moves. */
export async function untilPlaying(page, timeout = 15_000) {
  await page.waitForFunction(() => {
    const v = document.querySelector('video')
    if (!v || v.paused || v.readyState < 3) return false
    const was = window.__wasAt
    window.__wasAt = v.currentTime
    return was !== undefined && v.currentTime > was
  }, undefined, { timeout, polling: 100 })
}

/** Where a page's film is, by the machine's clock. */
export const now = (page) => page.evaluate(() => window.__recorder.now())

/** Presses a key of the player, as somebody would who watches. Resolves with the time of the press. */
export async function press(page, key) {
  const before = await page.evaluate(() => {
    document.activeElement?.blur?.()
    return window.__recorder.truth()
  })
  await page.keyboard.press(key)
  return page.evaluate(([b, k]) => window.__recorder.take().events.findLast((e) => e[1] === 'keydown' && e[2] === k && e[0] >= b)?.[0] ?? b, [before, key])
}

/** How far the pages' clocks are apart from this process's at most, in ms: the error of the ruler. */
export async function clockSpread(pages) {
  const offsets = []
  for (const page of pages) {
    let best = { rtt: Infinity, offset: 0 }
    for (let i = 0; i < 15; i++) {
      const t0 = performance.timeOrigin + performance.now()
      const there = await page.evaluate(() => performance.timeOrigin + performance.now())
      const t1 = performance.timeOrigin + performance.now()
      if (t1 - t0 < best.rtt) best = { rtt: t1 - t0, offset: there - (t0 + t1) / 2 }
    }
    offsets.push(best.offset)
  }
  return Math.max(...offsets) - Math.min(...offsets)
}
