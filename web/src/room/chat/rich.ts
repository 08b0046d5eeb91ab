// A message's text cut into plain words, links, times and mentions. Everything
// is drawn as text nodes; nothing here ever becomes markup.

export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'time'; text: string; ms: number }
  | { kind: 'mention'; text: string; me: boolean }

const LINK = String.raw`https?:\/\/[^\s<>"']+`
const TIME = String.raw`(?<![\d:.])(?:\d{1,2}:)?\d{1,2}:[0-5]\d(?![\d:])`
/** Punctuation that ends a sentence, not a link. */
const TRAILING = /[.,;:!?)\]}，。；：！？）】」』]+$/

export function cut(text: string, names: readonly string[], myName: string): Part[] {
  const mentions = [...new Set(names)]
    .filter((n) => n !== '')
    .sort((a, b) => b.length - a.length)
    .map((n) => escape(n))
  const people = mentions.length > 0 ? `|(?<mention>@(?:${mentions.join('|')}))` : ''
  const pattern = new RegExp(`(?<link>${LINK})|(?<time>${TIME})${people}`, 'gu')
  const parts: Part[] = []
  let at = 0
  for (const m of text.matchAll(pattern)) {
    const part = toPart(m, myName)
    if (!part) continue
    if (m.index > at) parts.push({ kind: 'text', text: text.slice(at, m.index) })
    parts.push(part)
    at = m.index + part.text.length
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) })
  return parts
}

function toPart(m: RegExpMatchArray, myName: string): Part | null {
  const { link, time, mention } = m.groups ?? {}
  if (link) {
    const text = link.replace(TRAILING, '')
    try {
      return { kind: 'link', text, href: new URL(text).href }
    } catch {
      return null
    }
  }
  if (time) return { kind: 'time', text: time, ms: toMs(time) }
  if (mention) return { kind: 'mention', text: mention, me: mention.slice(1) === myName }
  return null
}

function toMs(time: string): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000
}

function escape(s: string): string {
  return s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
