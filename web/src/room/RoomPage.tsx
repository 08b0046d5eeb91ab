import { useEffect, useMemo, useState } from 'preact/hooks'
import { LiveRoom } from './store'
import { RoomContext, ViewContext, makeView } from './context'
import { RoomView } from './RoomView'
import { Gone } from './Gone'
import { t } from '../i18n'
import { justMade } from '../pages/Home'
import { soundFor } from '../pages/Join'
import { base, go } from '../router'
import { api, user } from '../session'
import { Loading } from '../ui/Notice'
import '../style/chat.css'
import '../style/panels.css'
import '../style/room-dialogs.css'
import '../style/room.css'

const clock = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimeout: (f: () => void, ms: number) => window.setTimeout(f, ms),
  clearTimeout: (id: number) => window.clearTimeout(id),
}

function openRoom(roomId: string): LiveRoom {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return new LiveRoom({
    api,
    roomId,
    socketUrl: `${scheme}://${location.host}${base}ws/rooms/${encodeURIComponent(roomId)}`,
    clock,
    open: (url, protocol) => new WebSocket(url, protocol),
    newId: () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
  })
}

/** A room by its address. Strangers are led to its door first. */
export function RoomPage({ roomId, settings }: { roomId: string; settings: boolean }) {
  const mayEnter = user.value !== null || api.tokens.guest(roomId) !== null
  useEffect(() => {
    if (!mayEnter) go(`/j/${roomId}`, true)
  }, [mayEnter, roomId])
  if (!mayEnter) return <Loading />
  return <Visit key={`${roomId} ${user.value?.id ?? ''}`} roomId={roomId} settings={settings} />
}

function Visit({ roomId, settings }: { roomId: string; settings: boolean }) {
  const room = useMemo(() => openRoom(roomId), [])
  const view = useMemo(() => {
    const made = makeView()
    // From the first moment: a dialog that comes later would take the keys of who writes already.
    made.inviting.value = justMade.peek() === roomId
    justMade.value = ''
    return made
  }, [])
  const [sound] = useState(() => soundFor.peek() === roomId || (navigator.userActivation?.hasBeenActive ?? false))
  useEffect(() => {
    room.start()
    const again = (): void => room.retryNow()
    const seen = (): void => {
      if (document.visibilityState === 'visible') room.retryNow()
    }
    addEventListener('online', again)
    document.addEventListener('visibilitychange', seen)
    return () => {
      removeEventListener('online', again)
      document.removeEventListener('visibilitychange', seen)
      room.stop()
    }
  }, [room])
  const info = room.info.value
  useEffect(() => {
    if (info) document.title = `${info.name} · SyncTV`
    return () => {
      document.title = 'SyncTV'
    }
  }, [info?.name])

  if (room.closed.value !== null) return <Gone roomId={roomId} code="room_closed" removed={null} />
  const connection = room.connection.value
  if (connection.state === 'closed') return <Gone roomId={roomId} code={connection.code} removed={room.removed.value} />
  if (!info) return <Loading text={t(connection.state === 'reconnecting' ? 'error.network' : 'room.connecting')} />
  return (
    <RoomContext.Provider value={room}>
      <ViewContext.Provider value={view}>
        <RoomView sound={sound} settings={settings} />
      </ViewContext.Provider>
    </RoomContext.Provider>
  )
}
