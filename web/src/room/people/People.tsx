import { useEffect, useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { MemberService } from '../../gen/synctv/v1/members_pb'
import type { Ban, Member } from '../../gen/synctv/v1/members_pb'
import type { Person } from '../../gen/synctv/v1/realtime_pb'
import { t } from '../../i18n'
import { Face } from '../../ui/Face'
import { Icon } from '../../ui/Icon'
import { lazy } from '../../ui/lazy'
import { Menu, MenuItem } from '../../ui/Menu'
import { attempt, toast } from '../../ui/Toasts'
import { useRoom } from '../context'
import { askBan, askKick, askTransfer } from './deeds'
import { offsetOf, roleName, stateOf } from './words'

const PermissionsDialog = lazy(async () => (await import('./PermissionsDialog')).PermissionsDialog)

/** Who is here, who could be, and who may not come back. */
export function People() {
  const room = useRoom()
  const [editing, setEditing] = useState<Member | null>(null)
  const known = useMembers()
  if (!room.can('members_view')) return <p class="panel-note">{t('people.hidden')}</p>
  const mine = room.sessionId.value
  const people = [...room.people.value].sort((a, b) => Number(b.sessionId === mine) - Number(a.sessionId === mine))
  const here = new Set(people.map((p) => p.personId))
  const away = known.members.filter((m) => !here.has(m.personId) && m.role !== RoomRole.GUEST)
  const memberOf = (id: string): Member | undefined => known.members.find((m) => m.personId === id)
  return (
    <div class="scroll">
      <Section title={`${t('people.here')} · ${people.length}`}>
        {people.map((p) => (
          <PersonRow key={p.sessionId} person={p} member={memberOf(p.personId)} onPermissions={setEditing} />
        ))}
      </Section>
      {people.length <= 1 && <p class="panel-note">{t('people.none')}</p>}
      {away.length > 0 && (
        <Section title={`${t('people.away')} · ${away.length}`}>
          {away.map((m) => (
            <li key={m.personId} class="person away">
              <Face id={m.personId} name={m.name} />
              <span class="grow clip">{m.name}</span>
              <RoleBadge role={m.role} />
              <PersonMenu who={m} role={m.role} member={m} onPermissions={setEditing} />
            </li>
          ))}
        </Section>
      )}
      {known.more && <button type="button" class="btn quiet wide" onClick={() => attempt(known.loadMore)}>{t('do.loadMore')}</button>}
      {room.can('members_manage') && <Bans />}
      {editing && <PermissionsDialog room={room} member={editing} onClose={() => setEditing(null)} />}
    </div>
  )
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section aria-label={title}>
      <h2 class="panel-head">{title}</h2>
      <ul>{children}</ul>
    </section>
  )
}

function RoleBadge({ role }: { role: RoomRole }) {
  if (role === RoomRole.MEMBER || role === RoomRole.UNSPECIFIED) return null
  return <span class={role >= RoomRole.ADMIN ? 'badge accent' : 'badge'}>{roleName(role)}</span>
}

interface RowProps {
  person: Person
  member: Member | undefined
  onPermissions(m: Member): void
}

function PersonRow({ person, member, onPermissions }: RowProps) {
  const room = useRoom()
  const state = stateOf(person)
  const offset = offsetOf(person)
  const me = person.sessionId === room.sessionId.value
  return (
    <li class="person">
      <Face id={person.personId} name={person.name} />
      <div class="grow">
        <div class="row">
          <strong class="clip">{person.name}</strong>
          {me && <span class="muted small">{t('is.you')}</span>}
          <RoleBadge role={person.role} />
        </div>
        <div class={`person-state ${state.tone}`}>
          <Icon name={state.icon} small fill={state.icon === 'play'} />
          <span>{state.text}</span>
          {offset && <span class="num">· {offset}</span>}
          {person.rttMs > 0 && (
            <span class="num rtt" title={t('people.rtt', { n: Math.round(person.rttMs) })} aria-label={t('people.rtt', { n: Math.round(person.rttMs) })}>
              <Icon name="wifi" small /> {Math.round(person.rttMs)} ms
            </span>
          )}
        </div>
      </div>
      {!me && <PersonMenu who={person} role={person.role} member={member} onPermissions={onPermissions} />}
    </li>
  )
}

interface MenuProps {
  who: { personId: string; name: string }
  role: RoomRole
  member: Member | undefined
  onPermissions(m: Member): void
}

function PersonMenu({ who, role, member, onPermissions }: MenuProps) {
  const room = useRoom()
  const mine = room.me.value?.role ?? RoomRole.GUEST
  const owner = mine === RoomRole.OWNER
  const below = role < mine && who.personId !== room.me.value?.personId
  const manage = room.can('members_manage') && below
  if (!manage) return null
  const account = role !== RoomRole.GUEST
  const promote = (next: RoomRole): void =>
    attempt(() => room.api.call(MemberService.method.updateMember, { roomId: room.roomId, personId: who.personId, role: next }))
  return (
    <Menu label={t('people.actions', { name: who.name })}>
      {owner && account && (role === RoomRole.ADMIN
        ? <MenuItem icon="shield" onPick={() => promote(RoomRole.MEMBER)}>{t('people.makeMember')}</MenuItem>
        : <MenuItem icon="shield" onPick={() => promote(RoomRole.ADMIN)}>{t('people.makeAdmin')}</MenuItem>)}
      {member && <MenuItem icon="lock" onPick={() => onPermissions(member)}>{t('people.permissions')}</MenuItem>}
      {owner && account && <MenuItem icon="star" onPick={() => askTransfer(room, who)}>{t('people.transfer')}</MenuItem>}
      <hr />
      <MenuItem icon="exit" onPick={() => askKick(room, who)}>{t('people.kick')}</MenuItem>
      <MenuItem icon="ban" danger onPick={() => askBan(room, who)}>{t('people.ban')}</MenuItem>
    </Menu>
  )
}

function Bans() {
  const room = useRoom()
  const [bans, setBans] = useState<Ban[]>([])
  const load = async (): Promise<void> => {
    setBans((await room.api.call(MemberService.method.listBans, { roomId: room.roomId, page: { limit: 200 } })).bans)
  }
  useEffect(() => attempt(load), [room.membersVersion.value])
  if (bans.length === 0) return null
  const lift = async (b: Ban): Promise<void> => {
    await room.api.call(MemberService.method.unbanMember, { roomId: room.roomId, personId: b.personId })
    setBans((all) => all.filter((x) => x.personId !== b.personId))
    toast(t('people.unbanned', { name: b.name }))
  }
  return (
    <Section title={`${t('people.bans')} · ${bans.length}`}>
      {bans.map((b) => (
        <li key={b.personId} class="person away">
          <Face id={b.personId} name={b.name} />
          <div class="grow">
            <div class="clip">{b.name}</div>
            {b.reason && <div class="muted small clip">{b.reason}</div>}
          </div>
          <button type="button" class="btn quiet slim" onClick={() => attempt(() => lift(b))}>{t('people.unban')}</button>
        </li>
      ))}
    </Section>
  )
}

/** Members of the room, loaded again when something about them changed. */
function useMembers() {
  const room = useRoom()
  const [members, setMembers] = useState<Member[]>([])
  const [cursor, setCursor] = useState('')
  const load = async (after: string): Promise<void> => {
    const page = await room.api.call(MemberService.method.listMembers, { roomId: room.roomId, page: { limit: 200, cursor: after } })
    setMembers((known) => (after ? [...known, ...page.members] : page.members))
    setCursor(page.page?.nextCursor ?? '')
  }
  const version = room.membersVersion.value
  const allowed = room.can('members_view')
  useEffect(() => {
    if (!allowed) return
    const wait = setTimeout(() => attempt(() => load('')), 150)
    return () => clearTimeout(wait)
  }, [version, allowed])
  return { members, more: cursor !== '', loadMore: () => load(cursor) }
}
