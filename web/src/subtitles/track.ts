// One loaded subtitle track: from an address to the cues that show at a moment.

import { maxFile, type Cue } from './cue'

export type Format = 'srt' | 'vtt' | 'ass'

/** The format a file has, by its declared name, its content or its address. */
export function detect(declared: string, url: string, text: string): Format {
  const named = declared.toLowerCase()
  if (named === 'srt' || named === 'vtt' || named === 'ass') return named
  if (/^\ufeff?WEBVTT/.test(text)) return 'vtt'
  if (/^\ufeff?\s*\[Script Info\]/i.test(text)) return 'ass'
  const end = /\.(srt|vtt|ass|ssa)(?:$|[?#])/i.exec(url)?.[1]?.toLowerCase()
  if (end === 'vtt') return 'vtt'
  if (end === 'ass' || end === 'ssa') return 'ass'
  return 'srt'
}

/** Text of a file whose encoding nobody wrote down: BOM, then UTF-8, then what the language suggests. */
export function decode(bytes: Uint8Array, language: string): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder(/^(en|fr|de|es|it|pt|nl)\b/i.test(language) ? 'windows-1252' : 'gb18030').decode(bytes)
  }
}

/** Turns a file into cues; the parser is loaded when first needed. */
export async function parse(format: Format, text: string): Promise<Cue[]> {
  switch (format) {
    case 'srt': return (await import('./srt')).parseSrt(text)
    case 'vtt': return (await import('./vtt')).parseVtt(text)
    case 'ass': return (await import('./ass')).parseAss(text)
  }
}

/** Fetches and reads a track; rejects when the file is missing, too large or empty of cues. */
export async function loadTrack(url: string, format: string, language: string, signal: AbortSignal): Promise<Track> {
  const answer = await fetch(url, { signal, credentials: 'same-origin' })
  if (!answer.ok) throw new Error(`subtitle: status ${answer.status}`)
  const text = decode(await readBounded(answer), language)
  const cues = await parse(detect(format, url, text), text)
  if (cues.length === 0) throw new Error('subtitle: no cues')
  return new Track(cues)
}

async function readBounded(answer: Response): Promise<Uint8Array> {
  if (Number(answer.headers.get('content-length') ?? 0) > maxFile) throw new Error('subtitle: too large')
  const reader = answer.body?.getReader()
  if (!reader) return new Uint8Array(await answer.arrayBuffer())
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxFile) {
      await reader.cancel()
      throw new Error('subtitle: too large')
    }
    parts.push(value)
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Sorted cues with a quick answer to "what shows now". */
export class Track {
  /** Latest end among the cues up to and with an index: where a search backwards may stop. */
  private readonly latestEnd: number[] = []

  constructor(private readonly cues: readonly Cue[]) {
    let latest = 0
    for (const cue of cues) this.latestEnd.push((latest = Math.max(latest, cue.endMs)))
  }

  get size(): number {
    return this.cues.length
  }

  /** Cues that show at a media time, oldest first. */
  at(ms: number): Cue[] {
    let lo = 0
    let hi = this.cues.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if ((this.cues[mid] as Cue).startMs <= ms) lo = mid + 1
      else hi = mid
    }
    const out: Cue[] = []
    for (let i = lo - 1; i >= 0 && (this.latestEnd[i] as number) > ms && out.length < 12; i--) {
      const cue = this.cues[i] as Cue
      if (cue.endMs > ms) out.unshift(cue)
    }
    return out
  }
}
