import { RoomRole } from '../gen/synctv/v1/common_pb'
import { RoomService, Visibility } from '../gen/synctv/v1/rooms_pb'
import { t } from '../i18n'
import { go, href } from '../router'
import { user } from '../session'
import { confirm } from '../ui/Confirm'
import { Face } from '../ui/Face'
import { Icon } from '../ui/Icon'
import type { IconName } from '../ui/Icon'
import { Menu, MenuItem } from '../ui/Menu'
import { ThemeChoice } from '../ui/TopBar'
import { attempt } from '../ui/Toasts'
import { useRoom, useView } from './context'
import type { LiveRoom } from './store'

const MOST_FACES = 6

/** Name, visibility, who is here, and the one button: Invite. */
export function RoomBar() {
  const room = useRoom()
  const view = useView()
  const info = room.info.value
  return (
    <header class="room-bar">
      <a class="logo" href={href('/')} aria-label={t('app.home')} />
      <h1 class="room-name clip">{info?.name}</h1>
      {room.connection.value.state === 'reconnecting' ? <Trouble /> : <VisibilityChip visibility={info?.settings?.visibility ?? Visibility.PRIVATE} />}
      <span class="grow" />
      <Faces />
      <RoomMenu />
      <button type="button" class="btn primary slim" onClick={() => (view.inviting.value = true)}>{t('room.invite')}</button>
    </header>
  )
}

/** A word in the bar while the connection is away. Nothing moves; the picture goes on by itself. */
function Trouble() {
  const room = useRoom()
  const c = room.connection.value
  if (c.state !== 'reconnecting') return null
  return (
    <span class="trouble" role="status">
      <span class="spinner" />
      <span class="clip">{t('room.reconnecting')}</span>
      <button type="button" onClick={() => room.retryNow()}>{t('room.reconnectNow')}</button>
    </span>
  )
}

function VisibilityChip({ visibility }: { visibility: Visibility }) {
  const [icon, words]: [IconName, string] =
    visibility === Visibility.PUBLIC ? ['globe', t('room.public')]
    : visibility === Visibility.UNLISTED ? ['link', t('room.unlisted')]
    : ['lock', t('room.private')]
  return <span class="chip wide-only"><Icon name={icon} small /> {words}</span>
}

function Faces() {
  const room = useRoom()
  const view = useView()
  const byPerson = new Map(room.people.value.map((p) => [p.personId, p]))
  const people = [...byPerson.values()]
  if (people.length === 0) return null
  return (
    <button
      type="button"
      class="faces wide-only"
      aria-label={t('room.here', { n: people.length })}
      title={people.map((p) => p.name).join(', ')}
      onClick={() => {
        view.railOpen.value = true
        view.tab.value = 'people'
      }}
    >
      {people.slice(0, MOST_FACES).map((p) => <Face key={p.personId} id={p.personId} name={p.name} />)}
      {people.length > MOST_FACES && <span class="face more" data-sign={`+${people.length - MOST_FACES}`} aria-hidden="true" />}
    </button>
  )
}

function RoomMenu() {
  const room = useRoom()
  const view = useView()
  const role = room.me.value?.role ?? RoomRole.GUEST
  const member = user.value !== null && role !== RoomRole.OWNER
  return (
    <Menu label={t('room.menu')} faceClass="icon-btn">
      <div class="menu-head"><ThemeChoice /></div>
      <hr />
      <MenuItem icon="panel" onPick={() => (view.railOpen.value = !view.railOpen.value)}>{t('room.rail')}</MenuItem>
      {role !== RoomRole.GUEST && <MenuItem icon="gear" onPick={() => go(`/r/${room.roomId}/settings`)}>{t('room.settings')}</MenuItem>}
      <MenuItem icon="back" href={href('/')}>{t('do.home')}</MenuItem>
      {member && <MenuItem icon="exit" danger onPick={() => askLeave(room)}>{t('room.leave')}</MenuItem>}
      {user.value === null && <MenuItem icon="exit" onPick={() => attempt(() => leaveAsGuest(room))}>{t('room.leave')}</MenuItem>}
    </Menu>
  )
}

function askLeave(room: LiveRoom): void {
  confirm({
    title: t('room.leave'),
    text: t('room.leaveAsk'),
    action: t('room.leave'),
    danger: true,
    run: async () => {
      await room.api.call(RoomService.method.leaveRoom, { roomId: room.roomId })
      go('/')
    },
  })
}

async function leaveAsGuest(room: LiveRoom): Promise<void> {
  await room.api.call(RoomService.method.leaveRoom, { roomId: room.roomId })
  room.api.tokens.forgetGuest(room.roomId)
  go('/')
}
