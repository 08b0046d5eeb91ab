// Two languages, one small function. Keys are typed: a key that English lacks,
// a key that Chinese lacks, or a missing parameter does not compile.
import { signal } from '@preact/signals'
import type { en } from './en'

export const LANGUAGES = ['en', 'zh-CN'] as const
export type Language = (typeof LANGUAGES)[number]

type Plural = { readonly one: string; readonly other: string }
export type Dictionary = { readonly [K in keyof typeof en]: (typeof en)[K] extends Plural ? Plural : string }
export type Key = keyof typeof en

type Names<S> = S extends `${string}{${infer P}}${infer R}` ? P | Names<R> : never
type NamesOf<V> = V extends Plural ? 'n' | Names<V['one']> | Names<V['other']> : Names<V>
type Arguments<K extends Key> = [NamesOf<(typeof en)[K]>] extends [never]
  ? []
  : [params: { [N in NamesOf<(typeof en)[K]>]: string | number }]

const STORED = 'synctv.language'

/** The language now; components that read it are drawn again when it changes. */
export const language = signal<Language>('en')
const words = signal<Dictionary | null>(null)

/** The best of our languages for a list of wishes such as navigator.languages. */
export function pickLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const short = wish.toLowerCase()
    if (short.startsWith('zh')) return 'zh-CN'
    if (short.startsWith('en')) return 'en'
  }
  return 'en'
}

const load: Record<Language, () => Promise<Dictionary>> = {
  en: async () => (await import('./en')).en,
  'zh-CN': async () => (await import('./zh-CN')).zhCN,
}

/** Loads the stored language, or the browser's first wish that we speak. Call once before drawing. */
export async function startLanguage(): Promise<void> {
  const stored = localStorage.getItem(STORED)
  await show(stored ? pickLanguage([stored]) : pickLanguage(navigator.languages))
}

/** Switches and remembers. */
export async function setLanguage(next: Language): Promise<void> {
  localStorage.setItem(STORED, next)
  await show(next)
}

async function show(next: Language): Promise<void> {
  words.value = await load[next]()
  language.value = next
  document.documentElement.lang = next
}

/** For tests: speak without loading. */
export function speak(next: Language, dictionary: Dictionary): void {
  words.value = dictionary
  language.value = next
}

/** The sentence for a key, with {name} filled in; plural keys choose by n. */
export function t<K extends Key>(key: K, ...[params]: Arguments<K>): string {
  const entry: string | Plural | undefined = words.value?.[key]
  if (entry === undefined) return key
  const values = (params ?? {}) as Record<string, string | number>
  const text = typeof entry === 'string' ? entry : entry[rule(Number(values['n']))]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? number(value) : value
  })
}

function rule(n: number): 'one' | 'other' {
  return plurals().select(n) === 'one' ? 'one' : 'other'
}

/** Intl objects are dear to make and cheap to keep: one of each per language. */
function perLanguage<T>(make: (l: Language) => T): () => T {
  const made = new Map<Language, T>()
  return () => {
    const l = language.value
    let one = made.get(l)
    if (!one) made.set(l, (one = make(l)))
    return one
  }
}

const plurals = perLanguage((l) => new Intl.PluralRules(l))
const numbers = perLanguage((l) => new Intl.NumberFormat(l))
const hours = perLanguage((l) => new Intl.DateTimeFormat(l, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }))
const days = perLanguage((l) => new Intl.DateTimeFormat(l, { weekday: 'long', month: 'long', day: 'numeric' }))
const dates = perLanguage((l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium' }))
const relative = perLanguage((l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' }))

export const number = (n: number): string => numbers().format(n)
/** Time of day, for example 20:41. */
export const timeOfDay = (ms: number): string => hours().format(ms)
export const date = (ms: number): string => dates().format(ms)

/** "Today", "yesterday", or the weekday and date. */
export function day(ms: number, now: number): string {
  const ago = Math.round((midnight(ms) - midnight(now)) / 86_400_000)
  if (ago === 0 || ago === -1) return capital(relative().format(ago, 'day'))
  return capital(days().format(ms))
}

/** "3 minutes ago". */
export function ago(ms: number, now: number): string {
  const seconds = Math.round((ms - now) / 1000)
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3600], ['minute', 60]]
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative().format(Math.round(seconds / size), unit)
  }
  return relative().format(seconds, 'second')
}

/** Media time as 41:07 or 1:48:22. */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number): string => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
  return h > 0 ? `${h}:${rest}` : rest.replace(/^0(\d)/, '$1')
}

function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

function capital(s: string): string {
  return s.charAt(0).toLocaleUpperCase(language.value) + s.slice(1)
}
