import { useState } from 'preact/hooks'
import { AuthService } from '../gen/synctv/v1/auth_pb'
import { UserService } from '../gen/synctv/v1/users_pb'
import { LANGUAGES, language, setLanguage, t } from '../i18n'
import type { Language } from '../i18n'
import { go } from '../router'
import { api, user } from '../session'
import { Segments, TextField } from '../ui/fields'
import { ThemeChoice, TopBar } from '../ui/TopBar'
import { attempt, toast } from '../ui/Toasts'
import { useSubmit } from './Auth'

const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', 'zh-CN': '简体中文' }

/** The account: name, language, theme, password, sign out. */
export function Me() {
  return (
    <>
      <TopBar />
      <main id="content" class="page" style="max-width:560px">
        <h1>{t('me.title')}</h1>
        {user.value && !user.value.hasPassword && <p class="reminder">{t('me.noPassword')}</p>}
        <section class="panel">
          {user.value && <DisplayName />}
          <Segments label={t('me.language')} value={language.value} options={LANGUAGES.map((l) => [l, LANGUAGE_NAMES[l]] as const)} onValue={(l) => void setLanguage(l)} />
          <ThemeChoice />
        </section>
        {user.value && <PasswordPanel key={String(user.value.hasPassword)} />}
        {user.value && (
          <div class="row">
            <button type="button" class="btn" onClick={() => attempt(() => leave(false))}>{t('auth.signOut')}</button>
            <button type="button" class="btn quiet" onClick={() => attempt(() => leave(true))}>{t('me.everywhere')}</button>
          </div>
        )}
      </main>
    </>
  )
}

async function leave(everywhere: boolean): Promise<void> {
  await api.signOut(everywhere)
  go('/')
}

function DisplayName() {
  const [name, setName] = useState(user.value?.displayName ?? '')
  const { busy, submit, wrong, shown } = useSubmit(async () => {
    user.value = await api.call(UserService.method.updateMe, { displayName: name.trim() })
    toast(t('do.saved'))
  })
  return (
    <form class="stack" onSubmit={submit}>
      <TextField label={t('auth.displayName')} autoComplete="nickname" maxLength={32} value={name} onValue={setName} wrong={wrong('displayName') ?? (shown || undefined)} />
      {name.trim() !== user.value?.displayName && (
        <div><button type="submit" class="btn primary" disabled={busy}>{t(busy ? 'do.saving' : 'do.save')}</button></div>
      )}
    </form>
  )
}

function PasswordPanel() {
  const has = user.value?.hasPassword ?? true
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const { busy, submit, wrong, shown } = useSubmit(async () => {
    await api.signIn(AuthService.method.changePassword, { currentPassword: current, newPassword: next }, true)
    setCurrent('')
    setNext('')
    toast(t('me.passwordChanged'))
  })
  return (
    <section class="panel">
      <h2>{t(has ? 'me.changePassword' : 'me.setPassword')}</h2>
      <form class="stack" onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value={user.value?.username} readOnly hidden />
        {has && <TextField label={t('me.currentPassword')} type="password" autoComplete="current-password" required value={current} onValue={setCurrent} wrong={wrong('currentPassword')} />}
        <TextField label={t('me.newPassword')} note={t('auth.passwordNote')} type="password" autoComplete="new-password" minLength={8} maxLength={256} required value={next} onValue={setNext} wrong={wrong('newPassword')} />
        {shown && <p class="form-error" role="alert">{shown}</p>}
        <div><button type="submit" class="btn primary" disabled={busy}>{t('do.save')}</button></div>
      </form>
    </section>
  )
}
