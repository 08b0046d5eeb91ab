// WebVTT (W3C): cues with text, times and the settings line, position and align. Styles and
// regions are passed over: the viewer's own look wins.

import { bottom, finish, maxCues, maxFile, parseTagged, parseTime, type Cue, type Place } from './cue'

/** Reads what can be read; a file without the signature is read all the same. */
export function parseVtt(file: string): Cue[] {
  const blocks = file.slice(0, maxFile).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n').split(/\n{2,}/)
  const cues: Cue[] = []
  for (const block of blocks) {
    if (cues.length >= maxCues) break
    const lines = block.split('\n').filter((l, i) => i > 0 || l.trim() !== '')
    const at = lines.findIndex((l) => l.includes('-->'))
    // The time line is the first, or the second after an identifier or the signature.
    if (at < 0 || at > 1 || /^(NOTE|STYLE|REGION)\b/.test(lines[0] ?? '')) continue
    const [from, rest] = (lines[at] as string).split('-->') as [string, string]
    const [to, ...settings] = rest.trim().split(/\s+/)
    const startMs = parseTime(from)
    const endMs = parseTime(to ?? '')
    if (startMs === null || endMs === null) continue
    cues.push({ startMs, endMs, lines: parseTagged(lines.slice(at + 1).join('\n')), place: place(settings) })
  }
  return finish(cues)
}

function place(settings: string[]): Place {
  const out: Place = { ...bottom }
  for (const setting of settings) {
    const [name, value = ''] = setting.split(':')
    if (name === 'align') {
      if (value === 'start' || value === 'left') out.x = 'left'
      if (value === 'end' || value === 'right') out.x = 'right'
    }
    if (name === 'line') out.y = lineY(value)
  }
  return out
}

/** "line" is a percentage from the top or a line number, negative from the bottom. */
function lineY(value: string): Place['y'] {
  const n = parseFloat(value)
  if (Number.isNaN(n)) return 'bottom'
  if (/%/.test(value)) return n < 34 ? 'top' : n < 67 ? 'middle' : 'bottom'
  return n >= 0 && n < 6 ? 'top' : 'bottom'
}
