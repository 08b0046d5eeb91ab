// Advanced SubStation Alpha, the part that carries meaning: dialogue, bold, italic, underline,
// colour, alignment and \pos. Animations, fonts and vector drawings are left out: the text is
// readable, at the viewer's own size, and as safe as any other subtitle.

import { bottom, finish, maxCues, maxCueText, maxFile, parseTime, run, trimLines, type Cue, type Place, type Run } from './cue'
import { anPlace } from './place'

interface Style {
  b: boolean
  i: boolean
  u: boolean
  color: string | undefined
  place: Place
}

interface Script {
  width: number
  height: number
  styles: Map<string, Style>
  format: string[]
}

const plain: Style = { b: false, i: false, u: false, color: undefined, place: bottom }
const eventFields = ['layer', 'start', 'end', 'style', 'name', 'marginl', 'marginr', 'marginv', 'effect', 'text']

/** Reads what can be read; unknown lines are skipped. */
export function parseAss(file: string): Cue[] {
  const script: Script = { width: 384, height: 288, styles: new Map(), format: eventFields }
  const cues: Cue[] = []
  let section = ''
  let styleFormat: string[] = []
  for (const raw of file.slice(0, maxFile).replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const line = raw.trim()
    const head = /^\[(.+)\]$/.exec(line)
    if (head) section = (head[1] as string).toLowerCase()
    const colon = line.indexOf(':')
    if (head || colon < 0 || line[0] === ';') continue
    const key = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (section === 'script info') readInfo(script, key, value)
    else if (section.includes('styles') && key === 'format') styleFormat = fields(value)
    else if (section.includes('styles') && key === 'style') readStyle(script, styleFormat, value)
    else if (section === 'events' && key === 'format') script.format = fields(value)
    else if (section === 'events' && key === 'dialogue') {
      const cue = readDialogue(script, value)
      if (cue) cues.push(cue)
      if (cues.length >= maxCues) break
    }
  }
  return finish(cues)
}

function fields(value: string): string[] {
  return value.split(',').map((f) => f.trim().toLowerCase())
}

function readInfo(script: Script, key: string, value: string): void {
  const n = parseInt(value, 10)
  if (!(n > 0)) return
  if (key === 'playresx') script.width = n
  if (key === 'playresy') script.height = n
}

function readStyle(script: Script, format: string[], value: string): void {
  const parts = value.split(',')
  const get = (name: string) => parts[format.indexOf(name)]?.trim() ?? ''
  const on = (name: string) => get(name) === '-1' || get(name) === '1'
  if (script.styles.size > 500) return
  script.styles.set(get('name').replace(/^\*/, ''), {
    b: on('bold'), i: on('italic'), u: on('underline'),
    color: notWhite(parseColor(get('primarycolour'))),
    place: anPlace(Number(get('alignment') || 2)),
  })
}

function readDialogue(script: Script, value: string): Cue | null {
  const parts = value.split(',')
  const textAt = script.format.indexOf('text')
  if (textAt < 0 || parts.length <= textAt) return null
  const get = (name: string) => parts[script.format.indexOf(name)] ?? ''
  const startMs = parseTime(get('start'))
  const endMs = parseTime(get('end'))
  if (startMs === null || endMs === null) return null
  const style = script.styles.get(get('style').trim().replace(/^\*/, '')) ?? plain
  return { startMs, endMs, ...parseText(script, style, parts.slice(textAt).join(',').slice(0, maxCueText)) }
}

/** Splits dialogue text at its {\...} blocks. */
function parseText(script: Script, style: Style, text: string): { lines: Run[][]; place: Place } {
  const look = { ...style }
  let place = style.place
  let drawing = false
  const lines: Run[][] = [[]]
  for (const piece of text.split(/(\{[^{}]*\})/)) {
    if (piece.startsWith('{') && piece.endsWith('}')) {
      for (const m of piece.matchAll(/\\([1-4]?[a-z]+)(\([^()]*\)|[^\\}]*)/gi)) {
        const tag = m[1] as string
        const arg = (m[2] as string).trim()
        if (tag === 'p' || tag === 'P') drawing = Number(arg) > 0
        place = override(script, style, look, place, tag, arg)
      }
      continue
    }
    if (drawing) continue
    for (const [n, part] of piece.replace(/\\h/g, '\u00a0').split(/\\[Nn]/).entries()) {
      if (n > 0) lines.push([])
      if (part) (lines.at(-1) as Run[]).push(run(part, look.b, look.i, look.u, look.color))
    }
  }
  return { lines: trimLines(lines), place }
}

function override(script: Script, style: Style, look: Style, place: Place, tag: string, arg: string): Place {
  const on = (was: boolean) => (arg === '' ? was : Number(arg) > 0)
  switch (tag) {
    case 'b': look.b = on(style.b); break
    case 'i': look.i = on(style.i); break
    case 'u': look.u = on(style.u); break
    case 'r': Object.assign(look, script.styles.get(arg) ?? style); break
    case 'c': case '1c': look.color = arg ? parseColor(arg) : style.color; break
    case 'an': return { ...anPlace(Number(arg)), ...(place.at && { at: place.at }) }
    case 'pos': case 'move': {
      const [x, y] = arg.replace(/[()]/g, '').split(',').map(Number)
      if (!Number.isFinite(x) || !Number.isFinite(y)) break
      const percent = (v: number, of: number) => Math.min(100, Math.max(0, (v / of) * 100))
      return { ...place, at: { x: percent(x as number, script.width), y: percent(y as number, script.height) } }
    }
  }
  return place
}

/** "&HAABBGGRR" or "&HBBGGRR&" as "#rrggbb". */
export function parseColor(text: string): string | undefined {
  const m = /^&?h?([0-9a-f]{1,8})&?$/i.exec(text.trim())
  if (!m) return undefined
  const hex = (m[1] as string).padStart(8, '0').slice(2)
  return `#${hex.slice(4, 6)}${hex.slice(2, 4)}${hex.slice(0, 2)}`.toLowerCase()
}

/** White is what the viewer's own look is anyway. */
function notWhite(color: string | undefined): string | undefined {
  return color === '#ffffff' ? undefined : color
}
