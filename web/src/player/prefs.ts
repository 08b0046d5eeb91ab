// What this device remembers of its viewer: volume, looks, delays. Local choices never reach the room.

import { effect, signal, type Signal } from '@preact/signals'
import { defaultDanmaku, type DanmakuSettings } from '../danmaku/settings'

/** How closely the player follows the room. */
export type SyncMode = 'tight' | 'normal' | 'relaxed' | 'off'

export interface SubtitlePrefs {
  /** Label of the chosen track, "" for none, null before a choice was made. */
  track: string | null
  /** 0.7 to 1.8. */
  size: number
  /** Positive is later, in milliseconds. */
  offsetMs: number
}

export interface Prefs {
  volume: Signal<number>
  muted: Signal<boolean>
  /** Output delay of this device, -500 to 500 ms; positive when its sound is late. */
  delayMs: Signal<number>
  mode: Signal<SyncMode>
  /** Live streams of this server: with everyone, or by the shortest way. */
  liveWay: Signal<'together' | 'fast'>
  shortcuts: Signal<boolean>
  danmaku: Signal<DanmakuSettings>
  subtitles: Signal<SubtitlePrefs>
  /** How play() and seeks behave here, learned and kept; opaque to everybody but the conductor. */
  learned: Signal<Record<string, number>>
}

type Check<T> = (value: unknown) => T | undefined

/** A signal that lives in localStorage; what does not pass the check is replaced by the default. */
export function stored<T>(key: string, fallback: T, check: Check<T>): Signal<T> {
  const name = `synctv.player.${key}`
  const value = signal<T>(read(name, check) ?? fallback)
  let first = true
  effect(() => {
    const now = JSON.stringify(value.value)
    if (!first) write(name, now)
    first = false
  })
  return value
}

function read<T>(name: string, check: Check<T>): T | undefined {
  try {
    const text = localStorage.getItem(name)
    return text === null ? undefined : check(JSON.parse(text))
  } catch {
    return undefined
  }
}

function write(name: string, text: string): void {
  try {
    localStorage.setItem(name, text)
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** A number within bounds, or undefined. */
export function within(low: number, high: number): Check<number> {
  return (v) => (typeof v === 'number' && v >= low && v <= high ? v : undefined)
}

const bool: Check<boolean> = (v) => (typeof v === 'boolean' ? v : undefined)
const oneOf = <T extends string>(...all: T[]): Check<T> => (v) => (all.includes(v as T) ? (v as T) : undefined)
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)

const danmaku: Check<DanmakuSettings> = (v) => {
  if (!isRecord(v)) return undefined
  const d = defaultDanmaku
  return {
    on: bool(v['on']) ?? d.on,
    opacity: within(0.2, 1)(v['opacity']) ?? d.opacity,
    size: within(0.7, 1.6)(v['size']) ?? d.size,
    speed: within(0.5, 2)(v['speed']) ?? d.speed,
    area: within(0.25, 1)(v['area']) ?? d.area,
    density: oneOf('few', 'some', 'all')(v['density']) ?? d.density,
    blocked: Array.isArray(v['blocked']) ? v['blocked'].filter((w): w is string => typeof w === 'string').slice(0, 100) : [],
  }
}

const subtitles: Check<SubtitlePrefs> = (v) =>
  isRecord(v)
    ? {
        track: typeof v['track'] === 'string' ? v['track'] : null,
        size: within(0.7, 1.8)(v['size']) ?? 1,
        // An offset belongs to one file; it is not remembered.
        offsetMs: 0,
      }
    : undefined

const numbers: Check<Record<string, number>> = (v) =>
  isRecord(v) ? Object.fromEntries(Object.entries(v).filter((e): e is [string, number] => Number.isFinite(e[1])).slice(0, 20)) : undefined

/** Reads everything that was kept. */
export function loadPrefs(): Prefs {
  return {
    volume: stored('volume', 1, within(0, 1)),
    muted: stored('muted', false, bool),
    delayMs: stored('delay', 0, within(-500, 500)),
    mode: stored<SyncMode>('mode', 'tight', oneOf('tight', 'normal', 'relaxed', 'off')),
    liveWay: stored<'together' | 'fast'>('live', 'together', oneOf('together', 'fast')),
    shortcuts: stored('shortcuts', true, bool),
    danmaku: stored('danmaku', defaultDanmaku, danmaku),
    subtitles: stored<SubtitlePrefs>('subtitles', { track: null, size: 1, offsetMs: 0 }, subtitles),
    learned: stored<Record<string, number>>('learned', {}, numbers),
  }
}
