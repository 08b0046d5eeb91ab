import { useEffect, useRef, useState } from 'preact/hooks'
import { Stage } from '../player/Stage'
import { t } from '../i18n'
import { leave } from '../router'
import { announce } from '../ui/announce'
import { Icon } from '../ui/Icon'
import { lazy } from '../ui/lazy'
import { tell } from './chat/Lines'
import { useRoom, useView } from './context'
import { Rail } from './Rail'
import { RoomBar } from './RoomBar'

const InviteDialog = lazy(async () => (await import('./InviteDialog')).InviteDialog)
const GoLive = lazy(async () => (await import('../live/GoLive')).GoLive)
const Settings = lazy(async () => (await import('./settings/Settings')).Settings)

/** Below this the rail goes under the picture. */
const COMPACT = '(max-width: 1023px)'
const LANDSCAPE = '(max-width: 1023px) and (max-height: 560px) and (orientation: landscape)'

/** The room: a thin bar, the picture, and the rail. */
export function RoomView({ sound, settings }: { sound: boolean; settings: boolean }) {
  const room = useRoom()
  const view = useView()
  const compact = useMedia(COMPACT)
  const landscape = useMedia(LANDSCAPE)
  const [theatre, setTheatre] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  useStageEvents(root, setTheatre)
  useKeyboardHeight(root)
  useAnnouncements()
  useEffect(() => {
    // Sideways the picture has the whole screen until somebody asks for more.
    view.railOpen.value = !landscape
  }, [landscape])
  const open = view.railOpen.value
  return (
    <div ref={root} class={`room${open ? '' : ' alone'}${landscape ? ' landscape' : ''}${theatre ? ' theatre' : ''}`}>
      <a class="skip" href="#rail" onClick={(e) => { e.preventDefault(); document.getElementById('rail')?.focus() }}>{t('app.skip')}</a>
      {!landscape && <RoomBar />}
      <main class="room-main">
        <section class="stage" aria-label={t('room.stage')}>
          <Stage room={room} soundUnlocked={sound} compact={compact} />
          {landscape && !open && (
            <button type="button" class="drawer-open" aria-label={t('room.rail')} onClick={() => (view.railOpen.value = true)}>
              <Icon name="chat" />
            </button>
          )}
        </section>
        <Rail hidden={!open} closable={landscape} />
      </main>
      {view.inviting.value && <InviteDialog room={room} onClose={() => (view.inviting.value = false)} />}
      {view.goingLive.value && <GoLive api={room.api} room={room} onClose={() => (view.goingLive.value = false)} />}
      {settings && <Settings room={room} onClose={() => leave(`/r/${room.roomId}`)} />}
    </div>
  )
}

/** What the stage asks of the page. */
function useStageEvents(root: { current: HTMLElement | null }, setTheatre: (on: boolean) => void): void {
  const view = useView()
  useEffect(() => {
    const el = root.current
    if (!el) return
    const show = (tab: 'chat' | 'queue'): void => {
      view.railOpen.value = true
      view.tab.value = tab
    }
    const on: Record<string, (e: Event) => void> = {
      'synctv:focus-chat': () => {
        show('chat')
        view.wanted.value = 'composer'
      },
      'synctv:focus-queue': () => {
        show('queue')
        // The queue's code may still be on its way.
        view.wanted.value = 'add-box'
      },
      'synctv:go-live': () => (view.goingLive.value = true),
      'synctv:toggle-rail': () => (view.railOpen.value = !view.railOpen.value),
      'synctv:theatre': (e) => setTheatre(Boolean((e as CustomEvent<{ on: boolean }>).detail?.on)),
    }
    for (const [name, f] of Object.entries(on)) el.addEventListener(name, f)
    return () => {
      for (const [name, f] of Object.entries(on)) el.removeEventListener(name, f)
    }
  }, [])
}

/** The height that the on-screen keyboard leaves, for browsers that do not shrink the page themselves. */
function useKeyboardHeight(root: { current: HTMLElement | null }): void {
  useEffect(() => {
    const seen = window.visualViewport
    const el = root.current
    if (!seen || !el) return
    const fit = (): void => {
      const covered = innerHeight - seen.height > 80 && seen.scale < 1.05
      el.style.height = covered ? `${seen.height}px` : ''
      el.classList.toggle('typing', covered)
      if (covered) scrollTo(0, 0)
    }
    seen.addEventListener('resize', fit)
    return () => seen.removeEventListener('resize', fit)
  }, [])
}

/** Reads out what happens to the room, one sentence in five seconds at most. */
function useAnnouncements(): void {
  const room = useRoom()
  const lines = room.happenings.value
  const last = lines[lines.length - 1]
  useEffect(() => {
    if (last) announce(tell(last))
  }, [last])
}

function useMedia(query: string): boolean {
  const [on, setOn] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const change = (): void => setOn(list.matches)
    change()
    list.addEventListener('change', change)
    return () => list.removeEventListener('change', change)
  }, [query])
  return on
}
