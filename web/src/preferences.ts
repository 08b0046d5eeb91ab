// Small choices this browser remembers.
import { effect, signal } from '@preact/signals'
import { language } from './i18n'

export type Theme = 'system' | 'dark' | 'light'

const THEME = 'synctv.theme'
const NAME = 'synctv.name'

export const theme = signal<Theme>(readTheme())

/** Applies the theme to the document and keeps both in step. Call once. */
export function startTheme(): void {
  effect(() => {
    const chosen = theme.value
    if (chosen === 'system') {
      delete document.documentElement.dataset['theme']
      localStorage.removeItem(THEME)
    } else {
      document.documentElement.dataset['theme'] = chosen
      localStorage.setItem(THEME, chosen)
    }
  })
}

function readTheme(): Theme {
  const stored = localStorage.getItem(THEME)
  return stored === 'dark' || stored === 'light' ? stored : 'system'
}

/** The name used last as a guest, or a friendly one. */
export function guestName(): string {
  return localStorage.getItem(NAME) ?? friendlyName(Math.random, language.peek() === 'zh-CN')
}

export function rememberName(name: string): void {
  localStorage.setItem(NAME, name)
}

const FIRST_ZH = ['安静的', '晴朗的', '机灵的', '温柔的', '勇敢的', '朦胧的', '幸运的', '琥珀色的', '悠闲的', '银色的']
const SECOND_ZH = ['水獭', '彗星', '狐狸', '枫叶', '知更鸟', '山猫', '云朵', '白鹭', '熊猫', '小河']
const FIRST = ['Quiet', 'Sunny', 'Clever', 'Gentle', 'Brave', 'Misty', 'Lucky', 'Amber', 'Velvet', 'Silver']
const SECOND = ['Otter', 'Comet', 'Fox', 'Maple', 'Robin', 'Lynx', 'Cloud', 'Heron', 'Panda', 'River']

function friendlyName(random: () => number, chinese: boolean): string {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? ''
  return chinese ? pick(FIRST_ZH) + pick(SECOND_ZH) : `${pick(FIRST)} ${pick(SECOND)}`
}

/** A boolean that survives a reload. */
export function stored(key: string, fallback: boolean) {
  const now = localStorage.getItem(key)
  const value = signal(now === null ? fallback : now === '1')
  effect(() => localStorage.setItem(key, value.value ? '1' : '0'))
  return value
}
