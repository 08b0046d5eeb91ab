// The keyboard map of the room page: from a key to what it asks for. Pure; the stage acts on it.

export type Command =
  | { do: 'toggle' } | { do: 'skip'; ms: number } | { do: 'volume'; step: number } | { do: 'frame'; step: 1 | -1 }
  | { do: 'percent'; percent: number } | { do: 'rate'; step: 1 | -1 }
  | { do: 'next' | 'mute' | 'fullscreen' | 'theatre' | 'rail' | 'subtitles' | 'danmaku' | 'pip' | 'resync' | 'chat' | 'help' }

/** The part of a KeyboardEvent that decides. */
export interface Key {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  isComposing?: boolean
  repeat?: boolean
}

const plain: Record<string, Command> = {
  ' ': { do: 'toggle' }, k: { do: 'toggle' },
  j: { do: 'skip', ms: -10_000 }, l: { do: 'skip', ms: 10_000 },
  ArrowLeft: { do: 'skip', ms: -5000 }, ArrowRight: { do: 'skip', ms: 5000 },
  ArrowUp: { do: 'volume', step: 0.05 }, ArrowDown: { do: 'volume', step: -0.05 },
  ',': { do: 'frame', step: -1 }, '.': { do: 'frame', step: 1 },
  '[': { do: 'rate', step: -1 }, ']': { do: 'rate', step: 1 },
  n: { do: 'next' }, m: { do: 'mute' }, f: { do: 'fullscreen' }, t: { do: 'theatre' }, '\\': { do: 'rail' },
  c: { do: 'subtitles' }, d: { do: 'danmaku' }, p: { do: 'pip' }, r: { do: 'resync' },
  Enter: { do: 'chat' }, '/': { do: 'chat' }, '?': { do: 'help' },
}

const repeats = new Set(['skip', 'volume', 'frame'])

/** What a key asks for, or null when it is nobody's or the browser's. */
export function command(e: Key): Command | null {
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return null
  if (/^[0-9]$/.test(e.key)) return e.repeat ? null : { do: 'percent', percent: Number(e.key) * 10 }
  const found = plain[e.key.length === 1 ? e.key.toLowerCase() : e.key]
  if (!found || (e.repeat && !repeats.has(found.do))) return null
  return found
}

/** The focused thing as far as keys care. */
export interface Focus {
  tag: string
  type?: string | undefined
  role?: string | null | undefined
  editable?: boolean | undefined
  /** Inside a dialog, menu or popover. */
  layered?: boolean | undefined
}

const operates = new Set([' ', 'Enter'])

/** Whether the focused thing needs this key itself. */
export function belongsToFocus(e: Key, focus: Focus): boolean {
  const tag = focus.tag.toLowerCase()
  const typing = focus.editable || tag === 'textarea' || tag === 'select' ||
    (tag === 'input' && !/^(checkbox|radio|button|range|submit)$/.test(focus.type ?? 'text'))
  if (typing || focus.layered) return true
  const slides = focus.role === 'slider' || (tag === 'input' && focus.type === 'range')
  if (slides) return /^(Arrow|Home|End|Page)/.test(e.key)
  if (/^(tab|menuitem|option|radio)$/.test(focus.role ?? '')) return e.key.startsWith('Arrow') || operates.has(e.key)
  const presses = tag === 'button' || tag === 'a' || tag === 'summary' || tag === 'input' || focus.role === 'button'
  return presses && operates.has(e.key)
}
