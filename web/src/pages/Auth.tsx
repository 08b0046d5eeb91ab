import { useEffect, useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { AuthService } from '../gen/synctv/v1/auth_pb'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import { asApiError } from '../net/errors'
import { go, href } from '../router'
import { api, server } from '../session'
import { TextField } from '../ui/fields'
import { Loading, Notice } from '../ui/Notice'
import { TopBar } from '../ui/TopBar'

/** Where to go after signing in: "?to=/j/abc", never to another site. */
export function nextPlace(search: string): string {
  const to = new URLSearchParams(search).get('to') ?? '/'
  return to.startsWith('/') && !to.startsWith('//') && !to.includes('\\') ? to : '/'
}

/** Runs a form's deed: busy while it runs, the error kept for the page. */
export function useSubmit(work: () => Promise<void>) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault()
    const form = e.currentTarget as HTMLElement | null
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (failed) {
      setError(failed)
      // A long form may have scrolled away from what is wrong.
      requestAnimationFrame(() => form?.querySelector('[role="alert"]')?.scrollIntoView?.({ block: 'nearest' }))
    }
    setBusy(false)
  }
  const field = error === null ? '' : asApiError(error).field
  const wrong = (name: string): string | undefined => (field === name ? sentence(error) : undefined)
  return { busy, submit, error, wrong, shown: error !== null && !['username', 'displayName', 'password', 'newPassword', 'currentPassword'].includes(field) ? sentence(error) : '' }
}

function Sheet({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <>
      <TopBar />
      <main id="content" class="sheet">
        <h1>{title}</h1>
        {children}
      </main>
    </>
  )
}

export function Login() {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const { busy, submit, shown, wrong } = useSubmit(async () => {
    await api.signIn(AuthService.method.login, { username: username.trim(), password })
    go(nextPlace(location.search), true)
  })
  return (
    <Sheet title={t('auth.welcome')}>
      <form onSubmit={submit}>
        <TextField label={t('auth.username')} name="username" autoComplete="username" autoCapitalize="off" spellcheck={false} required autoFocus value={username} onValue={setUsername} wrong={wrong('username')} />
        <TextField label={t('auth.password')} type="password" name="password" autoComplete="current-password" required value={password} onValue={setPassword} wrong={wrong('password')} />
        {shown && <p class="form-error" role="alert">{shown}</p>}
        <button type="submit" class="btn primary wide" disabled={busy}>{t('auth.signIn')}</button>
      </form>
      <p class="foot">
        {server.value?.registrationOpen ? (
          <>{t('auth.noAccount')} <a href={href('/register') + location.search}>{t('auth.register')}</a></>
        ) : t('auth.closed')}
      </p>
    </Sheet>
  )
}

export function Register() {
  const [username, setUsername] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [password, setPassword] = useState('')
  const { busy, submit, shown, wrong } = useSubmit(async () => {
    await api.signIn(AuthService.method.register, { username: username.trim(), password, displayName: displayName.trim() })
    go(nextPlace(location.search), true)
  })
  const back = <p class="foot">{t('auth.haveAccount')} <a href={href('/login') + location.search}>{t('auth.signIn')}</a></p>
  if (!server.value?.registrationOpen) {
    return (
      <Sheet title={t('auth.register')}>
        <p class="muted">{t('auth.closed')}</p>
        {back}
      </Sheet>
    )
  }
  return (
    <Sheet title={t('auth.register')}>
      <form onSubmit={submit}>
        <TextField label={t('auth.username')} note={t('auth.usernameNote')} name="username" autoComplete="username" autoCapitalize="off" spellcheck={false} minLength={3} maxLength={32} required autoFocus value={username} onValue={setUsername} wrong={wrong('username')} />
        <TextField label={t('auth.displayName')} name="name" autoComplete="nickname" maxLength={32} value={displayName} onValue={setDisplayName} wrong={wrong('displayName')} />
        <TextField label={t('auth.password')} note={t('auth.passwordNote')} type="password" name="password" autoComplete="new-password" minLength={8} maxLength={256} required value={password} onValue={setPassword} wrong={wrong('password')} />
        {shown && <p class="form-error" role="alert">{shown}</p>}
        <button type="submit" class="btn primary wide" disabled={busy}>{t('auth.register')}</button>
      </form>
      {back}
    </Sheet>
  )
}

/** The owner's one-time link: redeems the token behind "#" and goes home. */
export function Setup() {
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const token = location.hash.slice(1)
    history.replaceState(null, '', location.pathname)
    api
      .signIn(AuthService.method.redeemSetup, { token })
      .then(() => go('/', true))
      .catch(() => setFailed(true))
  }, [])
  return (
    <>
      <TopBar />
      <main id="content">
        {failed ? (
          <Notice icon="lock" title={t('error.title')} text={t('auth.setupFailed')}>
            <a class="btn primary" href={href('/login')}>{t('auth.signIn')}</a>
          </Notice>
        ) : <Loading text={t('auth.setupTitle')} />}
      </main>
    </>
  )
}
