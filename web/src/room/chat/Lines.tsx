import type { Message } from '../../gen/synctv/v1/chat_pb'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { PlaybackOp } from '../../gen/synctv/v1/playback_pb'
import { clock, day, t, timeOfDay } from '../../i18n'
import { sentence } from '../../i18n/errors'
import { Face } from '../../ui/Face'
import { Icon } from '../../ui/Icon'
import { Menu, MenuItem } from '../../ui/Menu'
import { attempt, toast } from '../../ui/Toasts'
import { useRoom, useView } from '../context'
import type { Happening } from '../happenings'
import { askBan, askKick } from '../people/deeds'
import { roleName } from '../people/words'
import type { Outgoing } from '../store'
import { cut } from './rich'

export function Day({ atMs }: { atMs: number }) {
  return <p class="day"><span>{day(atMs, Date.now())}</span></p>
}

export function HappeningLine({ happening }: { happening: Happening }) {
  return <p class="happening"><span>{tell(happening)}</span></p>
}

/** A happening as a sentence. */
export function tell(h: Happening): string {
  switch (h.kind) {
    case 'joined':
    case 'left':
      return t(`event.${h.kind}`, { name: h.name })
    case 'kicked':
    case 'banned':
      return h.reason
        ? t(`event.${h.kind}Why`, { name: h.name, by: h.by, reason: h.reason })
        : t(`event.${h.kind}`, { name: h.name, by: h.by })
    case 'started':
      return t('event.started', { by: h.by, title: h.title })
    case 'next':
      return t('event.next', { title: h.title })
    case 'paused':
    case 'resumed':
    case 'settings':
      return t(`event.${h.kind}`, { by: h.by })
    case 'break':
      return t('event.break', { by: h.by, time: clock(h.lastedMs) })
    case 'seeked':
      return t('event.seeked', { by: h.by, time: clock(h.positionMs) })
    case 'added':
      return t('event.added', { by: h.by, title: h.title, n: h.count })
    case 'renamed':
      return t('event.renamed', { name: h.name })
    case 'role':
      return t('event.role', { name: h.name, role: roleName(h.role) })
  }
}

export function MessageLine({ message, first }: { message: Message; first: boolean }) {
  const room = useRoom()
  if (message.kind === 'system') return <p class="happening"><span>{message.text}</span></p>
  const mine = message.personId === room.me.value?.personId
  const calls = !mine && !message.deleted && mentionsMe(message.text, room.me.value?.name ?? '')
  return (
    <div class={`message${first ? ' first' : ''}${calls ? ' calls' : ''}`}>
      {first ? <Face id={message.personId} name={message.name} /> : <time class="message-time" dateTime={new Date(message.createdMs).toISOString()}>{timeOfDay(message.createdMs)}</time>}
      <div class="message-body">
        {first && (
          <div class="message-head">
            <strong>{message.name}</strong>
            <time dateTime={new Date(message.createdMs).toISOString()}>{timeOfDay(message.createdMs)}</time>
          </div>
        )}
        <Text message={message} />
      </div>
      {!message.deleted && <MessageMenu message={message} mine={mine} />}
    </div>
  )
}

function mentionsMe(text: string, name: string): boolean {
  return name !== '' && cut(text, [name], name).some((p) => p.kind === 'mention')
}

function Text({ message }: { message: Message }) {
  if (message.deleted) return <p class="message-text gone">{t('chat.deleted')}</p>
  const { danmaku } = message
  return (
    <p class="message-text">
      {danmaku && <span class="on-screen" style={{ color: `#${danmaku.color.toString(16).padStart(6, '0')}` }} title={t('chat.onScreen')}><Icon name="screen" small /></span>}
      <Rich text={message.text} />
      {message.editedMs > 0 && <small class="muted"> ({t('chat.edited')})</small>}
    </p>
  )
}

function Rich({ text }: { text: string }) {
  const room = useRoom()
  const names = room.people.value.map((p) => p.name)
  return (
    <>
      {cut(text, names, room.me.value?.name ?? '').map((p) => {
        if (p.kind === 'link') return <a href={p.href} target="_blank" rel="noopener noreferrer nofollow">{p.text}</a>
        if (p.kind === 'mention') return <b class={p.me ? 'mention me' : 'mention'}>{p.text}</b>
        if (p.kind === 'time' && room.can('playback_control') && room.current.value) {
          return <button type="button" class="seek-to" title={t('chat.seekTo', { time: p.text })} onClick={() => attempt(() => room.intent({ op: PlaybackOp.SEEK, positionMs: p.ms }))}>{p.text}</button>
        }
        return p.text
      })}
    </>
  )
}

function MessageMenu({ message, mine }: { message: Message; mine: boolean }) {
  const room = useRoom()
  const view = useView()
  const manage = room.can('members_manage') && !mine && roleOf(room, message.personId) < RoomRole.OWNER
  const who = { personId: message.personId, name: message.name }
  return (
    <span class="message-menu">
      <Menu label={t('chat.actions', { name: message.name })}>
        {!mine && room.can('chat_send') && <MenuItem icon="chat" onPick={() => (view.insert.value = `@${message.name} `)}>{t('chat.mention')}</MenuItem>}
        <MenuItem icon="copy" onPick={() => void navigator.clipboard?.writeText(message.text).then(() => toast(t('do.copied')))}>{t('chat.copyText')}</MenuItem>
        {mine && room.can('chat_send') && <MenuItem icon="edit" onPick={() => (view.changing.value = message)}>{t('do.edit')}</MenuItem>}
        {(mine || room.can('chat_moderate')) && <MenuItem icon="trash" danger onPick={() => attempt(() => room.remove(message.id))}>{t('do.delete')}</MenuItem>}
        {manage && <hr />}
        {manage && <MenuItem icon="exit" onPick={() => askKick(room, who)}>{t('people.kick')}</MenuItem>}
        {manage && <MenuItem icon="ban" danger onPick={() => askBan(room, who)}>{t('people.ban')}</MenuItem>}
      </Menu>
    </span>
  )
}

function roleOf(room: ReturnType<typeof useRoom>, personId: string): RoomRole {
  return room.people.value.find((p) => p.personId === personId)?.role ?? RoomRole.MEMBER
}

export function OutgoingLine({ outgoing }: { outgoing: Outgoing }) {
  const room = useRoom()
  const view = useView()
  /** Back into the box, behind what is written there by now. */
  const change = (): void => {
    room.discard(outgoing.clientId)
    view.insert.value = outgoing.text
  }
  const me = room.me.value
  const failed = outgoing.error !== null
  return (
    <div class="message first pending">
      <Face id={me?.personId ?? ''} name={me?.name ?? ''} />
      <div class="message-body">
        <div class="message-head">
          <strong>{me?.name}</strong>
          {!failed && <span>{t('chat.sending')}</span>}
        </div>
        <p class="message-text">{outgoing.text}</p>
        {failed && (
          <p class="message-failed" role="alert">
            {t('chat.failed')} {sentence(outgoing.error)}
            <button type="button" onClick={() => void room.sayAgain(outgoing.clientId).catch(() => undefined)}>{t('do.retry')}</button>
            <button type="button" onClick={change}>{t('do.edit')}</button>
            <button type="button" onClick={() => room.discard(outgoing.clientId)}>{t('chat.discard')}</button>
          </p>
        )}
      </div>
    </div>
  )
}
