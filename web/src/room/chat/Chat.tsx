import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { t } from '../../i18n'
import { Icon } from '../../ui/Icon'
import { attempt } from '../../ui/Toasts'
import { useRoom } from '../context'
import { Composer } from './Composer'
import { Day, HappeningLine, MessageLine, OutgoingLine } from './Lines'
import { timeline } from './timeline'

/** Lines drawn at first; more when the reader goes back. */
const WINDOW = 150
const STEP = 100
/** This near the end counts as reading along. */
const NEAR_PX = 48

export function Chat({ shown }: { shown: boolean }) {
  return (
    <>
      <Log shown={shown} />
      <Composer />
    </>
  )
}

function Log({ shown }: { shown: boolean }) {
  const room = useRoom()
  const box = useRef<HTMLDivElement>(null)
  const [most, setMost] = useState(WINDOW)
  const messages = room.messages.value
  const outbox = room.outbox.value
  const entries = timeline(messages, room.happenings.value, most)
  const scroll = useReading(box, shown, messages.length + outbox.length, messages[messages.length - 1]?.seq ?? 0, entries.find((e) => e.kind === 'message')?.key ?? '')
  const canRead = room.can('history_view')
  const more = messages.length > most || (!room.messagesComplete.value && canRead)
  const older = async (): Promise<void> => {
    if (messages.length <= most) await room.loadOlder()
    setMost(most + STEP)
  }
  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log"
        role="log"
        aria-label={t('chat.log')}
        aria-live="polite"
        tabIndex={0}
        onScroll={scroll.onScroll}
      >
        <div class="log-space" />
        {more ? (
          <Older load={older} />
        ) : (
          messages.length === 0 && outbox.length === 0
            ? <p class="log-note">{t('chat.empty')}</p>
            : <p class="log-note">{t(canRead ? 'chat.start' : 'chat.noHistory')}</p>
        )}
        {entries.map((e) =>
          e.kind === 'day' ? <Day key={e.key} atMs={e.atMs} />
          : e.kind === 'happening' ? <HappeningLine key={e.key} happening={e.happening} />
          : <MessageLine key={e.key} message={e.message} first={e.first} />,
        )}
        {outbox.map((o) => <OutgoingLine key={o.clientId} outgoing={o} />)}
      </div>
      {scroll.away && (
        <button type="button" class="to-end" onClick={scroll.toEnd}>
          {scroll.unseen > 0 ? t('chat.new', { n: scroll.unseen }) : t('chat.toEnd')}
          <Icon name="down" small />
        </button>
      )}
    </div>
  )
}

/** Loads earlier messages when it comes into view, or by hand. */
function Older({ load }: { load(): Promise<void> }) {
  const ref = useRef<HTMLButtonElement>(null)
  const [busy, setBusy] = useState(false)
  const run = (): void => {
    if (busy) return
    setBusy(true)
    attempt(() => load().finally(() => setBusy(false)))
  }
  useEffect(() => {
    const el = ref.current
    if (!el || typeof IntersectionObserver === 'undefined') return
    const seen = new IntersectionObserver((found) => found.some((f) => f.isIntersecting) && run(), { rootMargin: '120px' })
    seen.observe(el)
    return () => seen.disconnect()
  })
  return (
    <button ref={ref} type="button" class="btn quiet slim log-older" disabled={busy} onClick={run}>
      {t('chat.older')}
    </button>
  )
}

/** Keeps the reader's place: at the end new lines pull along, further up nothing moves. */
function useReading(box: { current: HTMLDivElement | null }, shown: boolean, count: number, lastSeq: number, firstKey: string) {
  const [away, setAway] = useState(false)
  const [missed, setMissed] = useState(0)
  const was = useRef({ height: 0, firstKey, lastSeq, atEnd: true })
  useLayoutEffect(() => {
    const el = box.current
    if (!el || !shown) return
    const before = was.current
    if (before.atEnd) el.scrollTop = el.scrollHeight
    else if (before.firstKey !== firstKey) el.scrollTop += el.scrollHeight - before.height
    if (!before.atEnd && lastSeq > before.lastSeq) setMissed((n) => n + 1)
    was.current = { ...before, height: el.scrollHeight, firstKey, lastSeq }
  }, [count, firstKey, lastSeq, shown])
  useEffect(() => {
    // The window, the keyboard and the composer change the height; the end stays the end.
    const el = box.current
    if (!el || typeof ResizeObserver === 'undefined') return
    const watch = new ResizeObserver(() => {
      if (was.current.atEnd) el.scrollTop = el.scrollHeight
    })
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
  const onScroll = (): void => {
    const el = box.current
    if (!el) return
    const atEnd = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_PX
    was.current = { ...was.current, atEnd, height: el.scrollHeight }
    if (atEnd) setMissed(0)
    setAway(!atEnd)
  }
  const toEnd = (): void => {
    const el = box.current
    if (el) el.scrollTop = el.scrollHeight
  }
  return { away, unseen: missed, onScroll, toEnd }
}
