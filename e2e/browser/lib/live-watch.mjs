// Somebody who watches a live stream, on any page that has a video.
import { installEye, layout } from './burned-clock.mjs'
import { installEar } from './ear.mjs'
import { openPage } from './pages.mjs'

/**
 * Opens a page that watches.
 * @param {import('playwright-core').Browser} browser
 * @param {{tag: string, go: (page: import('playwright-core').Page) => Promise<unknown>}} o go: how the page gets to its video
 */
export async function openWatcher(browser, { tag, go }) {
  const page = await openPage(browser, { tag, record: false, ownScripts: true, viewport: { width: 960, height: 600 } })
  await page.context().addInitScript(installEye, layout)
  page.on('response', (r) => {
    if (r.status() >= 400) page.complaints.push(`${tag}: ${r.status()} ${new URL(r.url()).pathname}`)
  })
  await go(page)
  await page.locator('video').waitFor({ state: 'attached' })
  await page.evaluate(() => window.__eye.watch(document.querySelector('video')))
  await page.evaluate(`(${installEar})(document.querySelector('video'))`)
  return page
}

/** Waits until the watcher has a picture or, for sound alone, plays; resolves with the time. */
export async function untilWatching(page, { sound = false } = {}) {
  await page.waitForFunction((alone) => (alone ? window.__eye.samples.some((s) => s[1] > 0.5 && s[4] >= 3) : window.__eye.frames.length > 5), sound, { timeout: 20_000, polling: 100 })
  return performance.timeOrigin + performance.now()
}

/**
 * What a watcher has seen and heard up to now.
 * @returns {Promise<import('./live-measure.mjs').Seen & {heard: number, loud: number, audio: object, errors: string[], notes: string[]}>}
 */
export async function seenBy(page) {
  const { eye, ear, errors, notes } = await page.evaluate(() => ({
    eye: { frames: window.__eye.frames, samples: window.__eye.samples, events: window.__eye.events },
    ear: { onsets: window.__ear.onsets, heard: window.__ear.heard, loud: window.__ear.loud, about: window.__ear.about() },
    errors: window.__errors ?? [],
    notes: window.__notes ?? [],
  }))
  return {
    frames: eye.frames.map(([t, ms, lit, media]) => ({ t, ms, lit: lit === 1, media })),
    samples: eye.samples.map(([t, at, rate, ahead, ready, decoded, dropped, bytes]) => ({ t, at, rate, ahead, ready, decoded, dropped, bytes })),
    events: eye.events.map(([t, type]) => ({ t, type })),
    onsets: ear.onsets, heard: ear.heard, loud: ear.loud, audio: ear.about, errors: [...errors, ...page.complaints], notes,
  }
}
