// The two packages the browser tests need live with the web client, so that the repository has
// one list of JavaScript dependencies.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

const need = createRequire(join(root, 'web', 'package.json'))

/** Playwright's Chromium driver. Fails with what to do when npm was not run. */
export function chromiumDriver() {
  try {
    return need('playwright-core').chromium
  } catch (cause) {
    throw new Error('playwright-core is missing: run "npm ci" in web/', { cause })
  }
}

/** Path of the axe script to put into pages. */
export function axePath() {
  return need.resolve('axe-core/axe.min.js')
}

/** Path of a script in one of the web client's packages. */
export function scriptPath(name, file) {
  return need.resolve(`${name}/${file}`)
}

/** The browser to drive: CHROMIUM, or the first usual place where one is. */
export function chromiumPath() {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const found = places.find((p) => p && existsSync(p))
  if (!found) throw new Error('no Chromium found: install one, or say where it is with CHROMIUM=/path/to/chromium')
  return found
}
