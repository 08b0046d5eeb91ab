import { language, setLanguage, t } from '../i18n'
import { theme } from '../preferences'
import type { Theme } from '../preferences'
import { go, href } from '../router'
import { api, isAdmin, ready, server, user } from '../session'
import { Face } from './Face'
import { Segments } from './fields'
import { Menu, MenuItem } from './Menu'
import { attempt } from './Toasts'

/** Name of the server, the language, and the account. */
export function TopBar() {
  const next = language.value === 'en' ? 'zh-CN' : 'en'
  return (
    <header class="bar">
      <a class="brand" href={href('/')} aria-label={t('app.home')}>
        <span class="logo" />
        <span>{server.value?.name || 'SyncTV'}</span>
      </a>
      <span class="grow" />
      <button type="button" class="language" lang={next} onClick={() => void setLanguage(next)}>
        {language.value === 'en' ? <><b>EN</b> · 中文</> : <>EN · <b>中文</b></>}
      </button>
      {user.value ? <AccountMenu /> : ready.value && (
        <a class="btn slim" href={href('/login')}>
          {t('auth.signIn')}
        </a>
      )}
    </header>
  )
}

function AccountMenu() {
  const me = user.value
  if (!me) return null
  const name = me.displayName || me.username
  return (
    <Menu label={t('me.menu')} faceClass="icon-btn" face={<Face id={me.id} name={name} />}>
      <div class="menu-head">
        <strong>{name}</strong>
        <div class="muted small">{me.username}</div>
      </div>
      <div class="menu-head">
        <ThemeChoice />
      </div>
      <hr />
      <MenuItem icon="gear" href={href('/me')}>{t('me.title')}</MenuItem>
      {isAdmin.value && <MenuItem icon="people" href={href('/users')}>{t('me.users')}</MenuItem>}
      <MenuItem icon="exit" onPick={() => attempt(signOut)}>{t('auth.signOut')}</MenuItem>
    </Menu>
  )
}

async function signOut(): Promise<void> {
  await api.signOut()
  go('/')
}

export function ThemeChoice() {
  const options: [Theme, string][] = [
    ['system', t('me.themeSystem')],
    ['dark', t('me.themeDark')],
    ['light', t('me.themeLight')],
  ]
  return <Segments label={t('me.theme')} value={theme.value} options={options} onValue={(v) => (theme.value = v)} />
}
