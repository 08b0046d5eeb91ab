// How a viewer wants danmaku to look; kept per device, never shared with the room.

export type Density = 'few' | 'some' | 'all'

export interface DanmakuSettings {
  on: boolean
  /** 0.2 to 1. */
  opacity: number
  /** Factor on the normal letter size, 0.7 to 1.6. */
  size: number
  /** Factor on the normal speed, 0.5 to 2. */
  speed: number
  /** Part of the picture's height, from the top: 0.25, 0.5, 0.75 or 1. */
  area: number
  density: Density
  /** Messages that contain one of these are not shown. */
  blocked: string[]
}

export const defaultDanmaku: DanmakuSettings = {
  on: true, opacity: 0.9, size: 1, speed: 1, area: 0.5, density: 'some', blocked: [],
}

/** Most lines on the picture at one moment. */
export const densityCap: Record<Density, number> = { few: 12, some: 40, all: 120 }

/** Time a scrolling line needs at normal speed, in media milliseconds. */
export const crossMs = 8000
/** Time a fixed line stays. */
export const holdMs = 4500

const maxBlocked = 100
const maxWord = 40

/** Reads words as typed: one per line or between commas; short, distinct and bounded in number. */
export function parseBlocked(typed: string): string[] {
  const words = typed.split(/[\n,，、]/).map((w) => w.trim().slice(0, maxWord).toLowerCase()).filter(Boolean)
  return [...new Set(words)].slice(0, maxBlocked)
}

/** Reports whether a text holds a blocked word. */
export function isBlocked(text: string, words: readonly string[]): boolean {
  if (words.length === 0) return false
  const lower = text.toLowerCase()
  return words.some((w) => lower.includes(w))
}
