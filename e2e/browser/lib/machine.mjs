// How busy others keep this machine: a measurement on a shared box must say so.
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

/**
 * Starts to watch; the returned function says which part of all processors others took since, 0 to 1,
 * and how busy they were in all. Null where there is no /proc.
 */
export function watchCpu() {
  const from = look()
  return () => {
    const to = look()
    if (!from || !to || to.total === from.total) return null
    const total = to.total - from.total
    const busy = to.busy - from.busy
    return { busy: busy / total, foreign: Math.max(0, busy - (to.ours - from.ours)) / total }
  }
}

const TICK_MS = 20

/**
 * Starts to watch whether this machine stands still: a timer of this process, which has little to do. The returned function
 * says for how many ms the timer was late at worst.
 */
export function watchStandstill() {
  let worst = 0
  let due = performance.now() + TICK_MS
  const look = () => {
    const now = performance.now()
    worst = Math.max(worst, now - due)
    due = now + TICK_MS
  }
  const timer = setInterval(look, TICK_MS)
  return () => {
    look()
    clearInterval(timer)
    return worst
  }
}

/** What this machine may do besides before a look says nothing about the product, whatever it shows. */
const STANDSTILL_MS = 150
const FOREIGN = 0.3

/** Why a look was not one on a machine of our own, or ''. It never asks what was seen. */
export function disturbance({ stoodMs, cpu }) {
  if (stoodMs > STANDSTILL_MS) return `this machine stood still for ${stoodMs.toFixed(0)} ms`
  if (cpu && cpu.foreign > FOREIGN) return `others took ${Math.round(cpu.foreign * 100)} % of this machine`
  return ''
}

/**
 * Takes a look, and again when the machine was disturbed meanwhile; the last one stands.
 * @template T
 * @param {string} what
 * @param {(round: number) => Promise<T>} look
 */
export async function undisturbed(what, look, most = 3) {
  for (let round = 1; ; round++) {
    const load = watchCpu()
    const standstill = watchStandstill()
    const found = await look(round)
    const why = disturbance({ cpu: load(), stoodMs: standstill() })
    if (!why || round === most) return found
    console.log(`${what}: taken again, ${why}`)
  }
}

/** What the numbers were taken on. */
export function machine() {
  return { processors: cpus().length, model: cpus()[0]?.model ?? '', load1m: loadavg()[0], node: process.version, at: new Date().toISOString() }
}

function look() {
  try {
    const all = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].trim().split(/\s+/).slice(1, 9).map(Number)
    const total = all.reduce((a, b) => a + b, 0)
    return { total, busy: total - all[3] - all[4], ours: ours() }
  } catch {
    return null
  }
}

/** Ticks of this process and all that it started. */
function ours() {
  const parent = new Map()
  const ticks = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(name)
    if (!fields) continue
    parent.set(Number(name), Number(fields[1]))
    // User and system time, its own and of its children that ended.
    ticks.set(Number(name), fields.slice(11, 15).reduce((a, b) => a + Number(b), 0))
  }
  let sum = 0
  for (const [pid, t] of ticks) {
    for (let p = pid; p > 1; p = parent.get(p) ?? 0) {
      if (p === process.pid) {
        sum += t
        break
      }
    }
  }
  return sum
}

/** Fields of /proc/PID/stat from the state on: the name before it may hold anything. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
