import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { signal } from '@preact/signals'
import type { Message } from '../gen/synctv/v1/chat_pb'
import type { LiveRoom } from './store'

export const RoomContext = createContext<LiveRoom | null>(null)

/** The room of this page; only for components inside one. */
export function useRoom(): LiveRoom {
  const room = useContext(RoomContext)
  if (!room) throw new Error('outside of a room')
  return room
}

export type Tab = 'chat' | 'queue' | 'people'

/** What of the room page is open; made anew for each visit. */
export function makeView() {
  return {
    tab: signal<Tab>('chat'),
    railOpen: signal(true),
    inviting: signal(false),
    goingLive: signal(false),
    /** Text the composer should take in, for example a mention. */
    insert: signal(''),
    /** My message that the composer is changing; null while it writes a new one. */
    changing: signal<Message | null>(null),
    /** The box that something asked the focus for; it takes it once and says so. */
    wanted: signal<'' | 'composer' | 'add-box'>(''),
  }
}

export type View = ReturnType<typeof makeView>

export const ViewContext = createContext<View | null>(null)

export function useView(): View {
  const view = useContext(ViewContext)
  if (!view) throw new Error('outside of a room')
  return view
}
