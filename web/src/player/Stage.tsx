// The stage of the room page: the picture, what lies over it, and the controls.
//
// Events for the page, all bubbling from the stage: synctv:focus-queue, synctv:focus-chat,
// synctv:toggle-rail, synctv:go-live, and synctv:theatre with detail {on}.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { RoomStore } from '../room/contract'
import { RestingPill } from './SyncPill'
import { Controls } from './Controls'
import { setUp, type Deck } from './deck'
import { Icon } from './icons'
import { Overlays } from './Overlays'
import { lazy } from '../ui/lazy'
import { openMenu } from './Popover'
import { loadPrefs } from './prefs'
import { say } from './strings'
import { useIdle } from './useIdle'
import { useKeyboard } from './useKeyboard'
import { useScreen } from './useScreen'
import { useSubtitles } from './useSubtitles'
import '../danmaku/danmaku.css'
import './stage.css'
import './controls.css'
import './panels.css'
import './overlays.css'

const SubtitleLayer = lazy(async () => (await import('../subtitles/SubtitleLayer')).SubtitleLayer)
const Help = lazy(async () => (await import('./panels')).Help)

export interface StageProps {
  room: RoomStore
  /** The viewer has touched the page: sound may play. */
  soundUnlocked: boolean
  /** Narrow layout: fewer buttons, panels from below. */
  compact: boolean
  /** There is no room around. */
  bare?: boolean
}

export function Stage({ room, soundUnlocked, compact, bare = false }: StageProps) {
  const stage = useRef<HTMLDivElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const layer = useRef<HTMLDivElement>(null)
  const prefs = useMemo(loadPrefs, [])
  const menu = useMemo(openMenu, [])
  const [deck, setDeck] = useState<Deck | null>(null)
  const [help, setHelp] = useState(false)
  const showHelp = useMemo(() => () => setHelp(true), [])
  const idle = useIdle(stage)
  const screen = useScreen(stage, video, showHelp)

  useLayoutEffect(() => {
    if (!video.current || !layer.current) return
    const [made, takeApart] = setUp(room, video.current, layer.current, prefs)
    setDeck(made)
    return takeApart
  }, [room, prefs])
  useEffect(() => {
    if (soundUnlocked && deck?.conductor.soundBlocked.peek()) deck.conductor.unblockSound()
  }, [soundUnlocked, deck])
  useHeight(stage)

  const load = deck?.loader.state.value
  const subtitles = useSubtitles(load?.phase === 'open' ? load.source.subtitles : none, prefs)
  const page = useMemo(() => (name: string) => void stage.current?.dispatchEvent(new CustomEvent(`synctv:${name}`, { bubbles: true })), [])
  const hands = useMemo(
    () => deck && { player: deck.conductor, prefs, screen, subtitles, roomRate: () => room.playback.peek()?.rate ?? 1, page, stir: idle.stir },
    [deck, prefs, screen, subtitles.chosen, subtitles.list, room, page, idle],
  )
  useKeyboard(hands)

  const player = deck?.conductor
  const quiet = idle.idle.value && menu.value === '' && (player?.playing.value ?? false) && !player?.soundBlocked.value && !room.playback.value?.hold
  const hasMedia = (room.playback.value?.mediaId ?? '') !== ''
  const sub = prefs.subtitles.value
  return (
    <div role="group" class={`st${compact ? ' st-compact' : ''}${quiet ? ' st-quiet st-idle' : ''}`} ref={stage} aria-label={say('player')}>
      <video class="st-video" ref={video} playsInline preload="auto" disableRemotePlayback tabIndex={-1} aria-label={room.current.value?.title ?? say('player')} />
      {player?.audioOnly.value && hasMedia && <Cover title={room.current.value?.title ?? ''} />}
      {player && subtitles.track && <SubtitleLayer track={subtitles.track} positionMs={player.filmMs} offsetMs={sub.offsetMs} size={sub.size} raised={!quiet} />}
      <div class="dm-layer" ref={layer} aria-hidden="true" hidden={!prefs.danmaku.value.on || !player?.ready.value} />
      {player && <Surface player={player} idle={idle} screen={screen} />}
      {deck && <Overlays room={room} player={deck.conductor} loader={deck.loader} onQueue={() => page('focus-queue')} onSetUp={() => page('go-live')} alone={screen.fullscreen} />}
      {deck && hasMedia && (
        <>
          {quiet && <RestingPill player={deck.conductor} />}
          <div class="st-scrim" />
          <div class="st-bar">
            <Controls room={room} player={deck.conductor} prefs={prefs} loader={deck.loader} subtitles={subtitles} screen={screen} menu={menu} compact={compact} bare={bare} />
          </div>
        </>
      )}
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  )
}

const none: [] = []
/** A second click within this time means full screen, and the room is not asked to pause. */
const doubleClickMs = 220

/** The picture itself as a button for the pointer: a click plays or pauses, a tap shows or hides the controls. */
function Surface({ player, idle, screen }: { player: Deck['conductor']; idle: ReturnType<typeof useIdle>; screen: ReturnType<typeof useScreen> }) {
  const single = useRef(0)
  const touched = useRef(false)
  const onClick = (e: MouseEvent) => {
    // Any touch of the picture is the one the browser waits for.
    if (player.soundBlocked.peek()) return player.unblockSound()
    if (touched.current) return idle.idle.peek() ? idle.stir() : idle.rest()
    clearTimeout(single.current)
    if (e.detail < 2) single.current = window.setTimeout(() => player.toggle(), doubleClickMs)
  }
  const onDblClick = () => {
    clearTimeout(single.current)
    screen.toggleFullscreen()
  }
  return <div class="st-surface" onPointerDown={(e) => { touched.current = e.pointerType === 'touch' }} onClick={onClick} onDblClick={onDblClick} />
}

function Cover({ title }: { title: string }) {
  return (
    <div class="st-cover">
      <Icon name="music" />
      <strong>{title}</strong>
    </div>
  )
}

/** Tells the style sheet how high the stage is, so that panels fit. */
function useHeight(stage: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const el = stage.current
    if (!el) return
    const size = new ResizeObserver(() => el.style.setProperty('--st-height', `${el.clientHeight}px`))
    size.observe(el)
    return () => size.disconnect()
  }, [stage])
}
