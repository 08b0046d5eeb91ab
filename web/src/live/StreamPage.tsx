// The page of a stream for links without a room: the picture, whose it is, how many watch.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { StreamService, StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { Visibility } from '../gen/synctv/v1/rooms_pb'
import { number, t } from '../i18n'
import { sentence } from '../i18n/errors'
import { asApiError } from '../net/errors'
import { Stage } from '../player/Stage'
import { href } from '../router'
import { api, user } from '../session'
import { toClipboard } from '../ui/copy'
import { Face } from '../ui/Face'
import { Icon } from '../ui/Icon'
import { lazy } from '../ui/lazy'
import { Loading, Notice } from '../ui/Notice'
import { TopBar } from '../ui/TopBar'
import { LoneRoom } from './lone'
import { tell } from './words'
import './page.css'

const GoLive = lazy(async () => (await import('./GoLive')).GoLive)
const COMPACT = '(max-width: 720px)'

export function StreamPage({ streamId }: { streamId: string }) {
  const [token] = useState(() => new URLSearchParams(location.search).get('token') ?? '')
  const [stream, setStream] = useState<Stream | null>(null)
  const [error, setError] = useState<unknown>(null)
  const load = (): void => {
    setError(null)
    api.call(StreamService.method.getStream, { streamId, token }).then(setStream, setError)
  }
  useEffect(load, [streamId, user.value?.id])
  return (
    <div class="air-page">
      <TopBar />
      <main id="content">
        {error !== null ? <Lost error={error} retry={load} /> : stream ? <Watch key={stream.id} stream={stream} token={token} onGone={() => setError(asGone)} /> : <Loading />}
      </main>
    </div>
  )
}

const asGone = { code: 'not_found', message: '' }

function Lost({ error, retry }: { error: unknown; retry(): void }) {
  const gone = error === asGone || asApiError(error).code === 'not_found'
  if (!gone) {
    return <Notice icon="alert" title={t('error.title')} text={sentence(error)}><button type="button" class="btn primary" onClick={retry}>{t('do.retry')}</button></Notice>
  }
  return (
    <Notice icon="mast" title={tell('lostTitle')} text={tell('lostText')}>
      <a class="btn primary" href={href('/')}>{t('do.home')}</a>
    </Notice>
  )
}

function Watch({ stream: first, token, onGone }: { stream: Stream; token: string; onGone(): void }) {
  const room = useMemo(() => new LoneRoom(api, first, token, () => performance.now()), [])
  const [managing, setManaging] = useState(false)
  const compact = useCompact()
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const open = (): void => setManaging(true)
    root.current?.addEventListener('synctv:go-live', open)
    return () => root.current?.removeEventListener('synctv:go-live', open)
  }, [])
  const stream = room.now.value
  useEffect(() => {
    document.title = `${stream.title} · SyncTV`
    return () => {
      document.title = 'SyncTV'
    }
  }, [stream.title])
  return (
    <div class="air" ref={root}>
      <section class="air-stage" aria-label={t('room.stage')}>
        <Stage room={room} soundUnlocked={navigator.userActivation?.hasBeenActive ?? false} compact={compact} bare />
      </section>
      <div class="air-head">
        <Face id={stream.ownerId} name={stream.ownerName} />
        <div class="grow">
          <h1>{stream.title}</h1>
          <p class="air-facts num">
            {stream.state === StreamState.LIVE ? <span class="badge live">{tell('live')}</span> : <span class="badge">{tell('notLive')}</span>}
            {stream.ownerName && <span>{tell('by', { name: stream.ownerName })}</span>}
            {stream.state === StreamState.LIVE && stream.viewers > 0 && <span>{tell('watching', { n: number(stream.viewers) })}</span>}
          </p>
        </div>
        <CopyLink stream={stream} token={token} />
        {stream.mine && <button type="button" class="btn" onClick={() => setManaging(true)}><Icon name="gear" small /> {tell('manageDo')}</button>}
      </div>
      {managing && <GoLive api={api} room={null} streamId={stream.id} onClose={() => setManaging(false)} onGone={onGone} />}
    </div>
  )
}

/** The link as it was come by; a private stream's has its token in it. */
function CopyLink({ stream, token }: { stream: Stream; token: string }) {
  const [copied, setCopied] = useState(false)
  if (stream.visibility === Visibility.PRIVATE && !token) return null
  const copy = async (): Promise<void> => {
    if (!(await toClipboard(location.href, null))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 2500)
  }
  return (
    <button type="button" class="btn" onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'link'} small /> <span role="status">{tell(copied ? 'copied' : 'copyLink')}</span>
    </button>
  )
}

function useCompact(): boolean {
  const [on, setOn] = useState(() => matchMedia(COMPACT).matches)
  useEffect(() => {
    const list = matchMedia(COMPACT)
    const change = (): void => setOn(list.matches)
    list.addEventListener('change', change)
    return () => list.removeEventListener('change', change)
  }, [])
  return on
}
