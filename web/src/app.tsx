import { Home } from './pages/Home'
import { Login, Register, Setup } from './pages/Auth'
import { Join } from './pages/Join'
import { t } from './i18n'
import { sentence } from './i18n/errors'
import { href, route } from './router'
import { ready, startSession, unreachable } from './session'
import { spoken } from './ui/announce'
import { ConfirmHost } from './ui/Confirm'
import { lazy } from './ui/lazy'
import { Loading, Notice } from './ui/Notice'
import { ToastHost } from './ui/Toasts'
import { TopBar } from './ui/TopBar'

const loadRoom = async () => (await import('./room/RoomPage')).RoomPage
const RoomPage = lazy(loadRoom, () => <Loading />)
const StreamPage = lazy(async () => (await import('./live/StreamPage')).StreamPage, () => <Loading />)
const Users = lazy(async () => (await import('./pages/Users')).Users, () => <Loading />)
const Me = lazy(async () => (await import('./pages/Me')).Me, () => <Loading />)

export function App() {
  return (
    <>
      <Page />
      <ConfirmHost />
      <ToastHost />
      <div class="unseen" aria-live="polite">{spoken.value}</div>
    </>
  )
}

function Page() {
  if (unreachable.value !== null) {
    return (
      <Notice icon="wifi" title={t('error.title')} text={sentence(unreachable.value)}>
        <button type="button" class="btn primary" onClick={() => void startSession()}>{t('do.retry')}</button>
      </Notice>
    )
  }
  if (!ready.value) return <Loading />
  const r = route.value
  switch (r.page) {
    case 'home': return <Home />
    case 'login': return <Login />
    case 'register': return <Register />
    case 'setup': return <Setup />
    case 'me': return <Me />
    case 'users': return <Users />
    case 'join':
      // By the time the name is read, the room is loaded.
      void loadRoom()
      return <Join key={r.code} code={r.code} />
    case 'stream': return <StreamPage key={r.streamId} streamId={r.streamId} />
    case 'room': return <RoomPage roomId={r.roomId} settings={r.settings} />
    case 'none': return <Nowhere />
  }
}

function Nowhere() {
  return (
    <>
      <TopBar />
      <main id="content">
        <Notice icon="link" title={t('page.notFound')} text={t('page.notFoundText')}>
          <a class="btn primary" href={href('/')}>{t('do.home')}</a>
        </Notice>
      </main>
    </>
  )
}
