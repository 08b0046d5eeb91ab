import { useEffect, useState } from 'preact/hooks'
import { number, t } from '../i18n'
import { Icon } from '../ui/Icon'
import { Chat } from './chat/Chat'
import { useRoom, useView } from './context'
import type { Tab } from './context'
import { lazy } from '../ui/lazy'

const loadQueue = async () => (await import('./queue/Queue')).Queue
const loadPeople = async () => (await import('./people/People')).People
const Queue = lazy(loadQueue)
const People = lazy(loadPeople)
/** The chat is drawn first; what stands behind it comes once the room has settled. */
const SETTLED_MS = 2000

const TABS: readonly Tab[] = ['chat', 'queue', 'people']

/** Chat, queue and people, one at a time. The chat stays alive behind the others. */
export function Rail({ hidden, closable }: { hidden: boolean; closable: boolean }) {
  const room = useRoom()
  const view = useView()
  const tab = view.tab.value
  useEffect(() => {
    const later = setTimeout(() => void Promise.allSettled([loadQueue(), loadPeople()]), SETTLED_MS)
    return () => clearTimeout(later)
  }, [])
  const unread = useUnread(!hidden && tab === 'chat')
  const counts: Record<Tab, number> = {
    chat: unread,
    queue: room.media.value.length,
    people: new Set(room.people.value.map((p) => p.personId)).size,
  }
  const step = (e: KeyboardEvent): void => {
    const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    e.preventDefault()
    e.stopPropagation()
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? 'chat'
    view.tab.value = next
    document.getElementById(`tab-${next}`)?.focus()
  }
  return (
    <aside id="rail" class="rail" hidden={hidden} tabIndex={-1} aria-label={t('room.tabs')}>
      <div class="tabs" role="tablist" onKeyDown={step}>
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            class="tab"
            role="tab"
            aria-selected={tab === name}
            aria-controls={`panel-${name}`}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => (view.tab.value = name)}
          >
            {t(`room.${name}`)}
            {counts[name] > 0 && <span class="num"> · {number(counts[name])}</span>}
          </button>
        ))}
        {closable && (
          <button type="button" class="icon-btn" aria-label={t('do.close')} onClick={() => (view.railOpen.value = false)}>
            <Icon name="close" />
          </button>
        )}
      </div>
      <div id="panel-chat" class="tab-panel" role="tabpanel" aria-labelledby="tab-chat" hidden={tab !== 'chat'}>
        <Chat shown={!hidden && tab === 'chat'} />
      </div>
      {tab === 'queue' && <div id="panel-queue" class="tab-panel" role="tabpanel" aria-labelledby="tab-queue"><Queue /></div>}
      {tab === 'people' && <div id="panel-people" class="tab-panel" role="tabpanel" aria-labelledby="tab-people"><People /></div>}
    </aside>
  )
}

/** Messages of others since the chat was last in sight. */
function useUnread(inSight: boolean): number {
  const room = useRoom()
  const messages = room.messages.value
  const newest = messages[messages.length - 1]?.seq ?? 0
  const [seen, setSeen] = useState(newest)
  useEffect(() => {
    if (inSight) setSeen(newest)
  }, [inSight, newest])
  if (inSight) return 0
  const me = room.me.value?.personId
  return messages.filter((m) => m.seq > seen && m.personId !== me).length
}
