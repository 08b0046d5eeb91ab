import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { MediaService } from '../../gen/synctv/v1/media_pb'
import type { ProbeMediaResponse } from '../../gen/synctv/v1/media_pb'
import { clock, t } from '../../i18n'
import { sentence } from '../../i18n/errors'
import { MOST_LINKS, findLinks, looksLikeText, titleOf } from '../../links'
import { asApiError } from '../../net/errors'
import { hovers } from '../../ui/focus'
import { Icon } from '../../ui/Icon'
import { user } from '../../session'
import { useRoom, useView } from '../context'
import { addLinks } from './deeds'

type Look = { link: string } & ({ state: 'looking' } | { state: 'unknown' } | { state: 'found'; probe: ProbeMediaResponse } | { state: 'failed'; why: string })

/** One box that takes any number of links and shows what they are before they are added. */
export function AddBox({ parentId }: { parentId: string }) {
  const room = useRoom()
  const view = useView()
  const [text, setText] = useState('')
  /** How many additions are on their way. */
  const [sending, setSending] = useState(0)
  const [error, setError] = useState('')
  const box = useRef<HTMLTextAreaElement>(null)
  const links = findLinks(text)
  const look = useProbe(links.length === 1 ? (links[0] ?? '') : '')
  useLayoutEffect(() => {
    if (view.wanted.value !== 'add-box') return
    view.wanted.value = ''
    box.current?.focus({ preventScroll: true })
  }, [view.wanted.value])
  const idle = room.current.value === null && sending === 0
  const add = async (how: { playNow?: boolean; playNext?: boolean }): Promise<void> => {
    if (links.length === 0) {
      setError(looksLikeText(text) ? t('queue.notLinks') : '')
      return
    }
    if (links.length > MOST_LINKS) {
      setError(t('queue.tooMany'))
      return
    }
    // The box is free for the next link at once, and the buttons go: what is pasted now is not this any more.
    if (hovers()) box.current?.focus({ preventScroll: true })
    setText('')
    setError('')
    setSending((n) => n + 1)
    try {
      await addLinks(room, links, { parentId, ...how })
    } catch (e) {
      setText((now) => (now.trim() ? `${text.trim()}\n${now}` : text))
      setError(sentence(e))
    }
    setSending((n) => n - 1)
  }
  const mayChoose = room.can('playback_navigate')
  return (
    <form class="add-box" onSubmit={(e) => { e.preventDefault(); void add({ playNow: idle && mayChoose }) }}>
      <textarea
        ref={box}
        class="input"
        rows={links.length > 1 ? Math.min(5, links.length + 1) : 1}
        aria-label={t('queue.box')}
        placeholder={t('queue.placeholder')}
        spellcheck={false}
        autoCapitalize="off"
        value={text}
        onInput={(e) => { setText(e.currentTarget.value); setError('') }}
        onKeyDown={(e) => {
          e.stopPropagation()
          if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
            e.preventDefault()
            void add({ playNow: idle && mayChoose })
          }
        }}
      />
      {sending > 0 && <p class="preview" role="status"><span class="spinner" /> {t('queue.adding')}</p>}
      {text === '' && sending === 0 && room.can('live_publish') && user.value && <LiveTile />}
      {look && look.state !== 'unknown' && <Preview look={look} />}
      {error && <p class="form-error" role="alert">{error}</p>}
      {links.length > 0 && (
        <div class="row add-row">
          <button type="submit" class="btn primary slim">
            {idle && mayChoose ? t('queue.playNow') : t('queue.add', { n: links.length })}
          </button>
          {!idle && mayChoose && <button type="button" class="btn slim" onClick={() => void add({ playNow: true })}>{t('queue.playNow')}</button>}
          {!idle && <button type="button" class="btn slim" onClick={() => void add({ playNext: true })}>{t('queue.playNext')}</button>}
        </div>
      )}
    </form>
  )
}

/** The way to a stream of one's own. */
function LiveTile() {
  const view = useView()
  return (
    <button type="button" class="live-tile" onClick={() => (view.goingLive.value = true)}>
      <Icon name="mast" />
      <span class="grow">
        <strong>{t('queue.goLive')}</strong>
        <span>{t('queue.goLiveText')}</span>
      </span>
      <Icon name="next-step" small />
    </button>
  )
}

function Preview({ look }: { look: Exclude<Look, { state: 'unknown' }> }) {
  if (look.state === 'looking') return <p class="preview"><span class="spinner" /> {t('queue.looking')}</p>
  if (look.state === 'failed') return <p class="preview bad"><Icon name="alert" small /> {t('queue.probeFailed', { why: look.why })}</p>
  const { probe } = look
  const facts = [
    probe.live ? t('queue.live') : probe.durationMs > 0 ? clock(probe.durationMs) : '',
    probe.container.toUpperCase(),
    t(probe.directOk ? 'queue.direct' : 'queue.viaServer'),
  ]
  return (
    <div class="preview">
      <Icon name="check" small />
      <div class="grow">
        <strong class="clip">{probe.title || titleOf(look.link)}</strong>
        <div class="muted small">{facts.filter(Boolean).join(' · ')}</div>
      </div>
    </div>
  )
}

/** Looks at a link once typing has paused. */
function useProbe(link: string): Look | null {
  const room = useRoom()
  const [look, setLook] = useState<Look | null>(null)
  useEffect(() => {
    if (!link) {
      setLook(null)
      return
    }
    let here = true
    const wait = setTimeout(() => {
      room.api
        .call(MediaService.method.probeMedia, { roomId: room.roomId, url: link })
        .then((probe) => here && setLook({ link, state: 'found', probe }))
        .catch((e: unknown) => {
          // Too often is no news about the link.
          if (here) setLook(asApiError(e).code === 'rate_limited' ? { link, state: 'unknown' } : { link, state: 'failed', why: sentence(e) })
        })
    }, 300)
    return () => {
      here = false
      clearTimeout(wait)
    }
  }, [link])
  // What was found of another link says nothing about this one. From the first moment on there is a line for it, so that
  // the buttons below stay where they are.
  if (!link) return null
  return look?.link === link ? look : { link, state: 'looking' }
}
