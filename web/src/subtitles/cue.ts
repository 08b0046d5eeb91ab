// What a subtitle is, whatever the file it came from: plain runs of text with three kinds of
// emphasis. There is no markup left once a parser is done.

/** A piece of text with one look. */
export interface Run {
  text: string
  b?: boolean
  i?: boolean
  u?: boolean
  /** "#rrggbb"; absent is the viewer's own colour. */
  color?: string
}

/** Where a cue stands. */
export interface Place {
  x: 'left' | 'center' | 'right'
  y: 'top' | 'middle' | 'bottom'
  /** Anchor in hundredths of the picture, when the file names a point. */
  at?: { x: number; y: number }
}

export interface Cue {
  startMs: number
  endMs: number
  /** Lines of runs. */
  lines: Run[][]
  place: Place
}

export const bottom: Place = { x: 'center', y: 'bottom' }

/** Bounds for hostile files: characters of a file, cues, characters of one cue. */
export const maxFile = 5_000_000
export const maxCues = 20_000
export const maxCueText = 2000

/** Milliseconds of "[hh:]mm:ss[.,]fff", or null. */
export function parseTime(text: string): number | null {
  const m = /^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?\s*$/.exec(text)
  if (!m) return null
  const fraction = m[4] ? Number(m[4].padEnd(3, '0')) : 0
  return Number(m[1] ?? 0) * 3_600_000 + Number(m[2]) * 60_000 + Number(m[3]) * 1000 + fraction
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: '\u00a0', lrm: '\u200e', rlm: '\u200f', quot: '"', apos: "'" }

/** Replaces the few character references subtitles use; unknown ones stay as written. */
export function decodeEntities(text: string): string {
  return text.replace(/&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,4});/gi, (whole, name: string) => {
    if (name[0] !== '#') return entities[name.toLowerCase()] ?? whole
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : whole
  })
}

/** Turns text with <b>, <i> and <u> into runs; every other tag is dropped, its content kept. */
export function parseTagged(text: string): Run[][] {
  const depth = { b: 0, i: 0, u: 0 }
  const lines: Run[][] = [[]]
  const push = (piece: string) => {
    for (const [n, part] of decodeEntities(piece).split('\n').entries()) {
      if (n > 0) lines.push([])
      if (part) (lines.at(-1) as Run[]).push(run(part, depth.b > 0, depth.i > 0, depth.u > 0))
    }
  }
  const source = text.slice(0, maxCueText)
  let from = 0
  for (const m of source.matchAll(/<(\/?)([a-z]*|\d[\d:.]*)(?:[.\s][^<>]*)?>/gi)) {
    push(source.slice(from, m.index))
    from = m.index + m[0].length
    const tag = (m[2] ?? '').toLowerCase()
    if (tag === 'b' || tag === 'i' || tag === 'u') depth[tag] = Math.max(0, depth[tag] + (m[1] ? -1 : 1))
  }
  push(source.slice(from))
  return trimLines(lines)
}

/** A run with only the properties it has. */
export function run(text: string, b: boolean, i: boolean, u: boolean, color?: string): Run {
  return { text, ...(b && { b }), ...(i && { i }), ...(u && { u }), ...(color && { color }) }
}

/** Drops empty lines at both ends. */
export function trimLines(lines: Run[][]): Run[][] {
  const blank = (line: Run[] | undefined) => line !== undefined && line.every((r) => r.text.trim() === '')
  let from = 0
  let to = lines.length
  while (from < to && blank(lines[from])) from++
  while (to > from && blank(lines[to - 1])) to--
  return lines.slice(from, to)
}

/** Sorts by time and drops what can never show. */
export function finish(cues: Cue[]): Cue[] {
  return cues.filter((c) => c.endMs > c.startMs && c.lines.length > 0).sort((a, b) => a.startMs - b.startMs)
}
