// Runs the browser tests one after the other and says at the end how it went.
//
//   node e2e/browser/run.mjs [--only sync,chat-danmaku] [--runs 5] [--json DIR]
//
// SYNCTV_BINARY is the program to test (built when not given), CHROMIUM the browser.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from './lib/check.mjs'
import { binary } from './lib/server.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({ options: { only: { type: 'string' }, runs: { type: 'string', default: '5' }, json: { type: 'string' } } })

/** The quick ones first: a broken page is known before the long measurement. */
const TESTS = [['five-actions'], ['first-load'], ['chat-danmaku'], ['reconnect'], ['live-room'], ['recording'], ['live'], ['a11y'], ['sync', '--runs', values.runs]]

/** Resolves with the exit code. */
function run(name, args, env) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(here, `${name}.mjs`), ...args], { stdio: 'inherit', env: { ...process.env, ...env } })
    const end = () => child.kill('SIGTERM')
    process.once('SIGINT', end).once('SIGTERM', end)
    child.on('exit', (code) => {
      process.off('SIGINT', end).off('SIGTERM', end)
      done(code ?? 1)
    })
  })
}

const env = { SYNCTV_BINARY: binary() }
const wanted = values.only?.split(',') ?? TESTS.map(([name]) => name)
const unknown = wanted.filter((w) => !TESTS.some(([name]) => name === w))
if (unknown.length) {
  console.error(`there is no test ${unknown.join(', ')}; there are ${TESTS.map(([n]) => n).join(', ')}`)
  process.exit(2)
}
const results = values.json ?? mkdtempSync(join(tmpdir(), 'synctv-browser-'))
mkdirSync(results, { recursive: true })

/** What a test complained of, from its own file: the end of a log must say why it is red. */
function complaints(name) {
  try {
    const { checks, broken } = JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'))
    const rows = checks.filter((c) => !c.ok).map((c) => `${c.what}: ${c.found}, wanted ${c.want}`)
    return broken ? [...rows, `broke: ${broken}`] : rows
  } catch {
    return ['ended without a result']
  }
}

const rows = []
const begun = performance.now()
for (const [name, ...args] of TESTS.filter(([n]) => wanted.includes(n))) {
  const from = performance.now()
  const code = await run(name, [...args, '--json', join(results, `${name}.json`)], env)
  rows.push([name, `${((performance.now() - from) / 1000).toFixed(0)} s`, code === 0 ? 'ok' : 'FAILED'])
}
console.log(`\n${table(['test', 'took', ''], rows)}\nin all ${((performance.now() - begun) / 1000).toFixed(0)} s`)
for (const [name] of rows.filter((r) => r[2] !== 'ok')) console.log(`\n${name} FAILED\n  ${complaints(name).join('\n  ')}`)
if (!values.json) rmSync(results, { recursive: true, force: true })
process.exit(rows.every((r) => r[2] === 'ok') ? 0 : 1)
