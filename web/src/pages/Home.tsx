import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ListRoomsRequest_Scope as Scope, RoomService } from '../gen/synctv/v1/rooms_pb'
import type { Room } from '../gen/synctv/v1/rooms_pb'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import { findLinks, looksLikeText } from '../links'
import { go, href } from '../router'
import { api, server, user } from '../session'
import { RoomCard } from '../ui/RoomCard'
import { TopBar } from '../ui/TopBar'
import { fail } from '../ui/Toasts'

/** Set when a room was just made here: the room page opens its invite dialog once. */
export const justMade = signal('')

export function Home() {
  const [mine, setMine] = useState<readonly Room[]>([])
  return (
    <>
      <TopBar />
      <main id="content">
        {user.value && !user.value.hasPassword && (
          <a class="reminder" href={href('/me')}>{t('me.noPassword')}</a>
        )}
        <Hero />
        {user.value && <Shelf title={t('home.favourites')} scope={Scope.FAVOURITES} hideEmpty />}
        {user.value && <Shelf title={t('home.yours')} scope={Scope.MINE} empty={t('home.noRooms')} onRooms={setMine} />}
        <Shelf title={t('home.public')} scope={Scope.PUBLIC} hideEmpty={Boolean(user.value)} {...(user.value ? { but: mine } : {})} search empty={t('home.noPublic')} />
      </main>
    </>
  )
}

function Hero() {
  return (
    <section class="hero">
      <h1>
        <span>{t('app.tagline1')}</span>
        <span>{t('app.tagline2')}</span>
      </h1>
      <p>{t('app.how')}</p>
      {user.value ? <Start /> : <Stranger />}
    </section>
  )
}

/** One box, one button: the room, its queue and the picture in a single call. */
function Start() {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const start = async (e: Event): Promise<void> => {
    e.preventDefault()
    const links = findLinks(text)
    if (links.length === 0 && looksLikeText(text)) {
      setError(t('home.notLink'))
      return
    }
    setBusy(true)
    setError('')
    try {
      const media = links.map((url) => ({ url }))
      // The invite opens with the room, and not some moments later over what is being written by then.
      const invite = import('../room/InviteDialog').catch(() => undefined)
      const room = await api.call(RoomService.method.createRoom, { media, play: media.length > 0 })
      await invite
      justMade.value = room.id
      go(`/r/${room.id}`)
    } catch (failed) {
      setError(sentence(failed))
      setBusy(false)
    }
  }
  return (
    <form onSubmit={start} noValidate>
      <div class="start">
        <input
          type="text"
          inputMode="url"
          aria-label={t('home.box')}
          aria-describedby="start-hint"
          placeholder={t('home.placeholder')}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
        <button type="submit" class="btn primary" disabled={busy}>
          {busy ? t('home.starting') : t('home.start')}
        </button>
      </div>
      <div id="start-hint" class={error ? 'hint wrong' : 'hint'} role={error ? 'alert' : undefined}>
        {error || t('home.empty')}
      </div>
    </form>
  )
}

function Stranger() {
  return (
    <div class="stack" style="justify-items:center">
      <div class="row">
        <a class="btn primary" href={href('/login')}>{t('auth.signIn')}</a>
        {server.value?.registrationOpen && <a class="btn" href={href('/register')}>{t('auth.register')}</a>}
      </div>
      <p class="muted small">{t('home.signInFirst')}</p>
    </div>
  )
}

interface ShelfProps {
  title: string
  scope: Scope
  empty?: string
  hideEmpty?: boolean
  search?: boolean
  /** Rooms that are shown elsewhere, and here only to who searches. */
  but?: readonly Room[]
  /** Told what it shows. */
  onRooms?(rooms: readonly Room[]): void
}

const PAGE = 24

function Shelf({ title, scope, empty, hideEmpty, search, but, onRooms }: ShelfProps) {
  const [all, setAll] = useState<readonly Room[] | null>(null)
  const [cursor, setCursor] = useState('')
  const [query, setQuery] = useState('')
  /** Once there was something to find, the box stays while it is used. */
  const [searched, setSearched] = useState(false)
  const turn = useRef(0)
  const load = async (after: string, q: string): Promise<void> => {
    const mine = ++turn.current
    const page = await api.call(RoomService.method.listRooms, { scope, query: q, page: { limit: PAGE, cursor: after } })
    // Answers may overtake one another.
    if (mine !== turn.current) return
    setAll((known) => (after && known ? [...known, ...page.rooms] : page.rooms))
    setCursor(page.page?.nextCursor ?? '')
  }
  useEffect(() => {
    const wait = setTimeout(() => load('', query).catch((e: unknown) => { setAll((r) => r ?? []); fail(e) }), query ? 250 : 0)
    return () => clearTimeout(wait)
  }, [query, scope, user.value?.id])
  useEffect(() => onRooms?.(all ?? []), [all])
  const rooms = all && (query || !but ? all : without(all, but))
  if (hideEmpty && !searched && !query && !cursor && (rooms === null || rooms.length === 0)) return null
  return (
    <section class="shelf" aria-label={title}>
      <div class="shelf-head">
        <h2>{title}</h2>
        {search && (rooms?.length || searched) ? (
          <input class="input" type="search" aria-label={t('home.search')} placeholder={t('home.search')} value={query} onInput={(e) => { setSearched(true); setQuery(e.currentTarget.value) }} />
        ) : null}
      </div>
      {rooms === null ? (
        <div class="grid" aria-busy="true" aria-label={t('is.loading')}>
          {[1, 2, 3].map((n) => <div key={n} class="card skeleton skeleton-card" />)}
        </div>
      ) : rooms.length === 0 ? (
        !cursor && <p class="nothing">{query ? t('home.noPublic') : empty}</p>
      ) : (
        <ul class="grid">
          {rooms.map((room) => <RoomCard key={room.id} room={room} canMark={user.value !== null} />)}
        </ul>
      )}
      {cursor && (
        <p style="text-align:center;margin-top:16px">
          <button type="button" class="btn" onClick={() => load(cursor, query).catch(fail)}>{t('do.loadMore')}</button>
        </p>
      )}
    </section>
  )
}

/** Rooms that are not among those, nor the reader's own. */
function without(rooms: readonly Room[], those: readonly Room[]): readonly Room[] {
  const ids = new Set(those.map((r) => r.id))
  return rooms.filter((r) => !ids.has(r.id) && r.ownerId !== user.value?.id)
}
