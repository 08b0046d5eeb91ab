// The frame of one test: runs it, prints what it expected and found, cleans up, sets the exit code.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** Options that every test understands, and its own. */
export function options(own = {}) {
  return parseArgs({ options: { json: { type: 'string' }, ...own } }).values
}

/** Collects expectations and what has to be undone. */
export class Check {
  constructor(name) {
    this.name = name
    /** @type {{what: string, found: string, want: string, ok: boolean}[]} */
    this.rows = []
    this.undo = []
  }

  /** Something to close at the end, last opened first. */
  own(thing, close = (t) => t.close()) {
    this.undo.push(() => close(thing))
    return thing
  }

  expect(what, found, want, ok) {
    this.rows.push({ what, found: String(found), want: String(want), ok: Boolean(ok) })
  }

  /** At most so much; what is not a number is too much. */
  atMost(what, found, limit, unit = 'ms', digits = 1) {
    this.expect(what, `${fixed(found, digits)} ${unit}`, `<= ${limit} ${unit}`, found <= limit)
  }

  get failed() {
    return this.rows.filter((r) => !r.ok).length
  }
}

/** A number for reading. */
export function fixed(n, digits = 1) {
  return Number.isFinite(n) ? n.toFixed(digits) : n === Infinity ? 'never' : 'none'
}

/** A table with a head; the first column is left-aligned. */
export function table(head, rows) {
  const all = [head, ...rows].map((r) => r.map(String))
  const width = head.map((_, i) => Math.max(...all.map((r) => r[i].length)))
  const line = (r) => r.map((c, i) => (i === 0 ? c.padEnd(width[i]) : c.padStart(width[i]))).join('  ').trimEnd()
  return [line(all[0]), width.map((w) => '-'.repeat(w)).join('  '), ...all.slice(1).map(line)].join('\n')
}

/**
 * Runs one test and ends the process: 0 when every expectation holds.
 * @param {string} name
 * @param {(c: Check) => Promise<unknown>} test what it returns goes into the JSON file
 */
export async function main(name, test, { json } = {}) {
  const c = new Check(name)
  const begun = performance.now()
  let data = null
  let broken = null
  const guard = setTimeout(() => {
    console.error(`${name}: took longer than it may`)
    process.exit(1)
  }, Number(process.env.E2E_TIMEOUT_S ?? 1800) * 1000)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  try {
    data = await test(c)
  } catch (err) {
    broken = err
  }
  for (const f of c.undo.reverse()) await Promise.resolve().then(f).catch((err) => console.error('cleaning up:', err.message))
  clearTimeout(guard)
  const seconds = (performance.now() - begun) / 1000
  console.log(`\n${name} (${seconds.toFixed(0)} s)`)
  if (c.rows.length) {
    console.log(table(['expectation', 'found', 'wanted', ''], c.rows.map((r) => [r.what, cut(r.found), cut(r.want), r.ok ? 'ok' : 'FAILED'])))
    for (const r of c.rows.filter((x) => !x.ok && x.found.length > 60)) console.log(`  ${r.what}:\n    ${r.found}`)
  }
  if (broken) console.error(`${name} broke:`, broken)
  const ok = !broken && c.failed === 0
  if (json) writeFileSync(json, JSON.stringify({ name, ok, seconds, checks: c.rows, ...(broken && { broken: String(broken) }), data }, null, 1))
  process.exit(ok ? 0 : 1)
}

const cut = (s) => (s.length > 60 ? `${s.slice(0, 57)}...` : s)
