// What the system shows of the player: media keys and lock screen, a screen that stays awake,
// a title that says what plays.

import { effect } from '@preact/signals'
import type { RoomStore } from '../room/contract'
import type { Player } from './view'

type Handlers = Partial<Record<MediaSessionAction, MediaSessionActionHandler>>

/** Attends to the system until the returned function is called. Media keys are our own controls. */
export function attendSession(room: RoomStore, player: Player): () => void {
  const undo = [mediaSession(room, player), wakeLock(player), title(room, player)]
  return () => undo.forEach((f) => f())
}

function mediaSession(room: RoomStore, player: Player): () => void {
  const session = navigator.mediaSession
  if (!session) return () => {}
  const handlers: Handlers = {
    play: () => { if (!player.playing.peek()) player.toggle() },
    pause: () => { if (player.playing.peek()) player.toggle() },
    seekbackward: (d) => player.skip(-(d.seekOffset ?? 10) * 1000),
    seekforward: (d) => player.skip((d.seekOffset ?? 10) * 1000),
    seekto: (d) => { if (d.seekTime !== undefined) player.seek(d.seekTime * 1000) },
    nexttrack: () => player.next(),
  }
  const set = (action: string, handler: MediaSessionActionHandler | null) => {
    try {
      session.setActionHandler(action as MediaSessionAction, handler)
    } catch {
      // An action this browser does not know.
    }
  }
  for (const [action, handler] of Object.entries(handlers)) set(action, handler)
  const stop = effect(() => {
    const media = room.current.value
    session.metadata = media ? new MediaMetadata({ title: media.title, artist: room.info.value?.name ?? '' }) : null
    session.playbackState = media ? (player.playing.value ? 'playing' : 'paused') : 'none'
  })
  const stopPosition = effect(() => {
    const duration = player.durationMs.value / 1000
    const position = Math.min(player.positionMs.value / 1000, duration)
    if (duration > 0) session.setPositionState?.({ duration, position, playbackRate: room.playback.peek()?.rate || 1 })
  })
  return () => {
    stop()
    stopPosition()
    for (const action of Object.keys(handlers)) set(action, null)
    session.metadata = null
    session.playbackState = 'none'
  }
}

/** Keeps the screen on while something plays; the system takes the lock when the page is hidden. */
function wakeLock(player: Player): () => void {
  if (!('wakeLock' in navigator)) return () => {}
  let lock: WakeLockSentinel | null = null
  let wanted = false
  const update = async () => {
    if (!wanted || document.hidden) {
      await lock?.release().catch(() => {})
      lock = null
    } else if (!lock || lock.released) {
      lock = await navigator.wakeLock.request('screen').catch(() => null)
    }
  }
  const stop = effect(() => {
    wanted = player.playing.value && !player.audioOnly.value
    void update()
  })
  const visible = () => void update()
  document.addEventListener('visibilitychange', visible)
  return () => {
    stop()
    document.removeEventListener('visibilitychange', visible)
    wanted = false
    void update()
  }
}

/** "▶ The Long Dusk · Friday film club" while something plays. */
function title(room: RoomStore, player: Player): () => void {
  const before = document.title
  const stop = effect(() => {
    const name = room.info.value?.name ?? ''
    const media = room.current.value?.title ?? ''
    const text = [media, name].filter(Boolean).join(' · ')
    document.title = text ? `${player.playing.value ? '▶ ' : ''}${text}` : before
  })
  return () => {
    stop()
    document.title = before
  }
}
