// Which subtitle track the viewer sees; a local choice, remembered by its label.

import { useEffect, useState } from 'preact/hooks'
import type { Subtitle } from '../gen/synctv/v1/media_pb'
import type { Track } from '../subtitles/track'
import type { Prefs } from './prefs'

export interface Subtitles {
  list: readonly Subtitle[]
  /** Index into list, -1 for none. */
  chosen: number
  track: Track | null
  failed: boolean
  choose(index: number): void
  /** None and the last one, in turn. */
  toggle(): void
}

/** Names a track across items: the next episode has the same labels. */
const nameOf = (s: Subtitle) => `${s.language}|${s.label}`

/** Index of the remembered track; -1 when there is none. */
export function pick(list: readonly Subtitle[], wished: string | null): number {
  if (!wished) return -1
  const exact = list.findIndex((s) => nameOf(s) === wished)
  if (exact >= 0) return exact
  const language = wished.split('|')[0]
  return language ? list.findIndex((s) => s.language === language) : -1
}

async function load(one: Subtitle, signal: AbortSignal): Promise<Track> {
  const { loadTrack } = await import('../subtitles/track')
  return loadTrack(one.url, one.format, one.language, signal)
}

export function useSubtitles(list: readonly Subtitle[], prefs: Prefs): Subtitles {
  const [track, setTrack] = useState<Track | null>(null)
  const [failed, setFailed] = useState(false)
  const chosen = pick(list, prefs.subtitles.value.track)
  const one = list[chosen]
  useEffect(() => {
    setTrack(null)
    setFailed(false)
    if (!one) return
    const stop = new AbortController()
    load(one, stop.signal).then(
      (t) => !stop.signal.aborted && setTrack(t),
      () => !stop.signal.aborted && setFailed(true),
    )
    return () => stop.abort()
  }, [one?.url])
  const choose = (index: number) => {
    const next = list[index]
    prefs.subtitles.value = { ...prefs.subtitles.value, offsetMs: 0, track: next ? nameOf(next) : '' }
  }
  return { list, chosen, track, failed, choose, toggle: () => choose(chosen >= 0 ? -1 : list.length > 0 ? 0 : -1) }
}
