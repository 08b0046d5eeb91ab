// SubRip: blocks of an optional number, a time line and text.

import { bottom, finish, maxCues, maxFile, parseTagged, parseTime, type Cue, type Place } from './cue'
import { anPlace } from './place'

/** Reads what can be read; broken blocks are skipped. */
export function parseSrt(file: string): Cue[] {
  const lines = file.slice(0, maxFile).replace(/^\ufeff/, '').split(/\r\n|\r|\n/)
  const cues: Cue[] = []
  for (let i = 0; i < lines.length && cues.length < maxCues; i++) {
    const times = (lines[i] as string).split('-->')
    if (times.length !== 2) continue
    const startMs = parseTime(times[0] as string)
    // Some files put coordinates behind the end time.
    const endMs = parseTime((times[1] as string).trim().split(/\s+/)[0] as string)
    if (startMs === null || endMs === null) continue
    const text: string[] = []
    while (i + 1 < lines.length && !(lines[i + 1] as string).includes('-->')) {
      const line = lines[i + 1] as string
      // A number right before the next time line belongs to the next block.
      if (/^\s*\d+\s*$/.test(line) && (lines[i + 2] ?? '').includes('-->')) break
      if (line.trim() === '' && text.length > 0 && nextIsBlock(lines, i + 2)) break
      text.push(line)
      i++
    }
    const { clean, place } = position(text.join('\n'))
    cues.push({ startMs, endMs, lines: parseTagged(clean), place })
  }
  return finish(cues)
}

/** An empty line ends a block when a block, or nothing, follows. */
function nextIsBlock(lines: string[], from: number): boolean {
  while (from < lines.length && (lines[from] as string).trim() === '') from++
  if (from >= lines.length) return true
  return (lines[from] as string).includes('-->') || (/^\s*\d+\s*$/.test(lines[from] as string) && (lines[from + 1] ?? '').includes('-->'))
}

/** Many SubRip files borrow {\an8} from ASS. */
function position(text: string): { clean: string; place: Place } {
  const m = /\{\\an([1-9])\}/.exec(text)
  return { clean: text.replace(/\{\\[^{}]*\}/g, ''), place: m ? anPlace(Number(m[1])) : bottom }
}
