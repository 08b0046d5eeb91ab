// Messages and happenings as one list with days between them.
import type { Message } from '../../gen/synctv/v1/chat_pb'
import type { Happening } from '../happenings'

export type Entry =
  | { kind: 'day'; key: string; atMs: number }
  | { kind: 'message'; key: string; atMs: number; message: Message; first: boolean }
  | { kind: 'happening'; key: string; atMs: number; happening: Happening }

/** Messages of one person closer than this share one name. */
const GROUP_MS = 3 * 60_000

/** The newest `most` entries, in the room's order. Happenings from before the oldest message are left out. */
export function timeline(messages: readonly Message[], happenings: readonly Happening[], most: number): Entry[] {
  const shown = messages.slice(-most)
  const since = shown.length < messages.length ? (shown[0]?.seq ?? 0) : 0
  const out: Entry[] = []
  let h = happenings.findIndex((x) => x.seq >= since)
  if (h < 0) h = happenings.length
  const pushHappenings = (before: number): void => {
    for (let line = happenings[h]; line && line.seq < before; line = happenings[++h]) {
      const whole = line.kind === 'resumed' ? asBreak(out[out.length - 1], line) : null
      if (whole) out[out.length - 1] = whole
      else push(out, { kind: 'happening', key: `h${line.seq}`, atMs: line.atMs, happening: line })
    }
  }
  for (const message of shown) {
    pushHappenings(message.seq)
    const last = out[out.length - 1]
    const follows =
      last?.kind === 'message' &&
      last.message.personId === message.personId &&
      last.message.kind === message.kind &&
      message.createdMs - last.message.createdMs < GROUP_MS
    push(out, { kind: 'message', key: message.id, atMs: message.createdMs, message, first: !follows })
  }
  pushHappenings(Number.POSITIVE_INFINITY)
  return out
}

/** A pause and what ended it, with no word between them, are one line. */
function asBreak(last: Entry | undefined, line: Happening): Entry | null {
  if (last?.kind !== 'happening' || last.happening.kind !== 'paused') return null
  const { seq, atMs, by } = last.happening
  return { ...last, happening: { seq, atMs, by, kind: 'break', lastedMs: line.atMs - atMs } }
}

function push(out: Entry[], entry: Entry): void {
  const last = out[out.length - 1]
  if (!last || dayOf(last.atMs) !== dayOf(entry.atMs)) {
    out.push({ kind: 'day', key: `d${dayOf(entry.atMs)}`, atMs: entry.atMs })
    if (entry.kind === 'message') {
      out.push({ ...entry, first: true })
      return
    }
  }
  out.push(entry)
}

function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}
