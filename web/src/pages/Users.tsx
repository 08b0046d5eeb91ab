import { useEffect, useRef, useState } from 'preact/hooks'
import { UserRole } from '../gen/synctv/v1/common_pb'
import { UserService } from '../gen/synctv/v1/users_pb'
import type { User } from '../gen/synctv/v1/users_pb'
import { date, t } from '../i18n'
import type { Key } from '../i18n'
import { api, isAdmin, user } from '../session'
import { confirm } from '../ui/Confirm'
import { Dialog } from '../ui/Dialog'
import { Face } from '../ui/Face'
import { Select, TextField } from '../ui/fields'
import { Menu, MenuItem } from '../ui/Menu'
import { Notice } from '../ui/Notice'
import { TopBar } from '../ui/TopBar'
import { attempt, fail, toast } from '../ui/Toasts'
import { useSubmit } from './Auth'

const ROLE: Partial<Record<UserRole, Key & `admin.role.${string}`>> = {
  [UserRole.USER]: 'admin.role.user',
  [UserRole.ADMIN]: 'admin.role.admin',
  [UserRole.ROOT]: 'admin.role.root',
}

/** Accounts of the server, for administrators. */
export function Users() {
  return (
    <>
      <TopBar />
      <main id="content">{isAdmin.value ? <Accounts /> : <Notice icon="lock" title={t('error.title')} text={t('admin.notAllowed')} />}</main>
    </>
  )
}

function Accounts() {
  const [list, setList] = useState<User[] | null>(null)
  const [cursor, setCursor] = useState('')
  const [query, setQuery] = useState('')
  const [creating, setCreating] = useState(false)
  const turn = useRef(0)
  const load = async (after: string): Promise<void> => {
    const mine = ++turn.current
    const page = await api.call(UserService.method.listUsers, { query, page: { limit: 50, cursor: after } })
    // Answers may overtake one another.
    if (mine !== turn.current) return
    setList((known) => (after && known ? [...known, ...page.users] : page.users))
    setCursor(page.page?.nextCursor ?? '')
  }
  useEffect(() => {
    const wait = setTimeout(() => load('').catch(fail), query ? 250 : 0)
    return () => clearTimeout(wait)
  }, [query])
  const put = (u: User): void => setList((known) => (known ?? []).map((x) => (x.id === u.id ? u : x)))
  return (
    <div class="page">
      <div class="row">
        <h1 class="grow">{t('admin.users')}</h1>
        <button type="button" class="btn primary" onClick={() => setCreating(true)}>{t('admin.create')}</button>
      </div>
      <input class="input" type="search" aria-label={t('admin.search')} placeholder={t('admin.search')} value={query} onInput={(e) => setQuery(e.currentTarget.value)} />
      {list?.length === 0 && <p class="nothing">{t('admin.none')}</p>}
      <ul class="panel" style="gap:0;padding:8px" aria-busy={list === null}>
        {list?.map((u) => <Account key={u.id} u={u} put={put} drop={() => setList((k) => (k ?? []).filter((x) => x.id !== u.id))} />)}
      </ul>
      {cursor && <button type="button" class="btn" onClick={() => attempt(() => load(cursor))}>{t('do.loadMore')}</button>}
      {creating && <NewAccount onClose={() => setCreating(false)} onMade={(u) => { setCreating(false); setList((k) => [u, ...(k ?? [])]) }} />}
    </div>
  )
}

function Account({ u, put, drop }: { u: User; put(u: User): void; drop(): void }) {
  const name = u.displayName || u.username
  const role = ROLE[u.role]
  const change = (c: { role?: UserRole; disabled?: boolean }): void =>
    attempt(async () => put(await api.call(UserService.method.updateUser, { userId: u.id, ...c })))
  const fixed = u.role === UserRole.ROOT || u.id === user.value?.id
  return (
    <li class="person-row">
      <Face id={u.id} name={name} />
      <div class="grow">
        <div class="clip"><strong>{name}</strong> <span class="muted small">{u.username}</span></div>
        <div class="muted small">{t('admin.since', { date: date(u.createdMs) })}</div>
      </div>
      {u.disabled && <span class="badge">{t('admin.disabled')}</span>}
      {role && <span class={u.role === UserRole.USER ? 'badge' : 'badge accent'}>{t(role)}</span>}
      {!fixed && (
        <Menu label={t('people.actions', { name })}>
          {u.role === UserRole.USER
            ? <MenuItem icon="shield" onPick={() => change({ role: UserRole.ADMIN })}>{t('people.makeAdmin')}</MenuItem>
            : <MenuItem icon="shield" onPick={() => change({ role: UserRole.USER })}>{t('people.makeMember')}</MenuItem>}
          <MenuItem icon="lock" onPick={() => askPassword(u, name)}>{t('admin.resetPassword')}</MenuItem>
          <MenuItem icon="ban" onPick={() => change({ disabled: !u.disabled })}>{t(u.disabled ? 'admin.enable' : 'admin.disable')}</MenuItem>
          <hr />
          <MenuItem icon="trash" danger onPick={() => askDelete(u, name, drop)}>{t('admin.delete')}</MenuItem>
        </Menu>
      )}
    </li>
  )
}

function askPassword(u: User, name: string): void {
  confirm({
    title: t('admin.resetPassword'),
    text: t('auth.passwordNote'),
    ask: t('admin.resetFor', { name }),
    action: t('do.save'),
    run: async (password) => {
      await api.call(UserService.method.updateUser, { userId: u.id, password })
      toast(t('admin.resetDone', { name }))
    },
  })
}

function askDelete(u: User, name: string, drop: () => void): void {
  confirm({
    title: t('admin.delete'),
    text: t('admin.deleteAsk', { name }),
    action: t('do.delete'),
    danger: true,
    run: async () => {
      await api.call(UserService.method.deleteUser, { userId: u.id })
      drop()
    },
  })
}

function NewAccount({ onClose, onMade }: { onClose(): void; onMade(u: User): void }) {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState(UserRole.USER)
  const { busy, submit, wrong, shown } = useSubmit(async () => {
    onMade(await api.call(UserService.method.createUser, { username: username.trim(), password, role }))
  })
  const roles = [[UserRole.USER, t('admin.role.user')], [UserRole.ADMIN, t('admin.role.admin')]] as const
  return (
    <Dialog title={t('admin.create')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <TextField label={t('auth.username')} note={t('auth.usernameNote')} autoComplete="off" autoCapitalize="off" spellcheck={false} required minLength={3} maxLength={32} value={username} onValue={setUsername} wrong={wrong('username')} />
        <TextField label={t('auth.password')} note={t('auth.passwordNote')} type="password" autoComplete="new-password" required minLength={8} maxLength={256} value={password} onValue={setPassword} wrong={wrong('password')} />
        <Select label={t('admin.role')} value={role as UserRole} options={roles} onValue={(r) => setRole(r)} />
        {shown && <p class="form-error" role="alert">{shown}</p>}
        <button type="submit" class="btn primary wide" disabled={busy}>{t('admin.create')}</button>
      </form>
    </Dialog>
  )
}
