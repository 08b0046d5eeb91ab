import { useEffect, useState } from 'preact/hooks'
import { MediaKind } from '../../gen/synctv/v1/media_pb'
import type { Media } from '../../gen/synctv/v1/media_pb'
import { LoopMode, PlaybackOp } from '../../gen/synctv/v1/playback_pb'
import { t } from '../../i18n'
import { announce } from '../../ui/announce'
import { Icon } from '../../ui/Icon'
import { lazy } from '../../ui/lazy'
import { attempt } from '../../ui/Toasts'
import { confirm } from '../../ui/Confirm'
import { useRoom } from '../context'
import { lookedAfter } from '../onair'
import { AddBox } from './AddBox'
import { addFolder, move, neighbour } from './deeds'
import { useOrder } from './order'
import { QueueItem } from './QueueItem'

const EditMedia = lazy(async () => (await import('./EditMedia')).EditMedia)

interface Place {
  id: string
  title: string
}

/** The queue and its folders. */
export function Queue() {
  const room = useRoom()
  const [trail, setTrail] = useState<readonly Place[]>([])
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [editing, setEditing] = useState<Media | null>(null)
  const here = trail[trail.length - 1]
  const parentId = here?.id ?? ''
  const loaded = room.folders.value[parentId]
  useEffect(() => {
    if (parentId && !loaded) attempt(() => room.openFolder(parentId))
  }, [parentId, loaded])
  const list = (loaded ?? []).filter((m) => !hidden.has(m.id))
  const live = lookedAfter(list, room.playback.value?.mediaId ?? '').join(' ')
  useEffect(() => (live ? room.onAir.watch(live.split(' ')) : undefined), [room, live])
  const hide = (id: string, on: boolean): void =>
    setHidden((was) => {
      const next = new Set(was)
      if (on) next.add(id)
      else next.delete(id)
      return next
    })
  const mayAdd = room.can('media_add')
  return (
    <>
      {mayAdd ? <AddBox parentId={parentId} /> : <p class="panel-note">{t('queue.readOnly')}</p>}
      <div class="queue-head">
        {here ? (
          <button type="button" class="btn quiet slim" onClick={() => setTrail(trail.slice(0, -1))}>
            <Icon name="back" small /> <span class="clip">{here.title}</span>
          </button>
        ) : <h2 class="panel-head">{t('queue.top')}</h2>}
        <span class="grow" />
        <LoopButton />
        {mayAdd && (
          <button type="button" class="icon-btn" aria-label={t('queue.newFolder')} title={t('queue.newFolder')} onClick={() => askFolder(room, parentId)}>
            <Icon name="folder" />
          </button>
        )}
      </div>
      <div class="scroll">
        {loaded && list.length === 0 && <p class="panel-note">{t(here ? 'queue.emptyFolder' : 'queue.empty')}</p>}
        <DragList key={parentId} list={list} parentId={parentId} trail={trail} open={(m) => setTrail([...trail, { id: m.id, title: m.title }])} edit={setEditing} hide={hide} />
      </div>
      {editing && <EditMedia room={room} media={editing} onClose={() => setEditing(null)} />}
    </>
  )
}

function askFolder(room: ReturnType<typeof useRoom>, parentId: string): void {
  confirm({
    title: t('queue.newFolder'),
    text: '',
    ask: t('queue.folderName'),
    action: t('queue.create'),
    run: (title) => addFolder(room, title || t('queue.newFolder'), parentId),
  })
}

const NEXT_LOOP: Record<number, LoopMode> = { [LoopMode.OFF]: LoopMode.ALL, [LoopMode.ALL]: LoopMode.ONE, [LoopMode.ONE]: LoopMode.OFF }

function LoopButton() {
  const room = useRoom()
  const loop = room.playback.value?.loop || LoopMode.OFF
  const words = t(loop === LoopMode.ONE ? 'queue.loopOne' : loop === LoopMode.ALL ? 'queue.loopAll' : 'queue.loopOff')
  const next = NEXT_LOOP[loop] ?? LoopMode.OFF
  return (
    <button
      type="button"
      class={loop === LoopMode.OFF ? 'icon-btn' : 'icon-btn on'}
      aria-label={words}
      title={words}
      disabled={!room.can('playback_control')}
      onClick={() => attempt(() => room.intent({ op: PlaybackOp.LOOP, loop: next }))}
    >
      <Icon name="repeat" />
      {loop === LoopMode.ONE && <sup aria-hidden="true">1</sup>}
    </button>
  )
}

interface ListProps {
  list: readonly Media[]
  parentId: string
  trail: readonly Place[]
  open(m: Media): void
  edit(m: Media): void
  hide(id: string, hidden: boolean): void
}

/** Rows that can be moved by mouse, and by the arrow keys on their handle. */
function DragList({ list: known, parentId, trail, open, edit, hide }: ListProps) {
  const room = useRoom()
  const [dragged, setDragged] = useState('')
  const [over, setOver] = useState('')
  const mayMove = room.can('media_reorder')
  const { shown: list, put } = useOrder(known, (m, before) => move(room, m, parentId, before))
  const step = (m: Media, steps: number): void => {
    const before = neighbour(list, m.id, steps)
    if (before === null) return
    attempt(async () => {
      await put(m, before)
      announce(t('queue.moved', { title: m.title, n: list.findIndex((x) => x.id === m.id) + 1 + steps }))
    })
  }
  const drop = (target: Media): void => {
    const m = list.find((x) => x.id === dragged)
    setDragged('')
    setOver('')
    if (!m || m.id === target.id) return
    if (target.kind === MediaKind.FOLDER && m.kind !== MediaKind.FOLDER) {
      attempt(() => move(room, m, target.id, ''))
      return
    }
    const down = list.indexOf(m) < list.indexOf(target)
    const before = down ? (list[list.indexOf(target) + 1]?.id ?? '') : target.id
    attempt(() => put(m, before))
  }
  const parentOfHere = trail.length > 1 ? (trail[trail.length - 2]?.id ?? '') : ''
  return (
    <ul class="queue" aria-label={t('queue.list')}>
      {list.map((m, i) => (
        <QueueItem
          key={m.id}
          media={m}
          over={over === m.id && dragged !== m.id}
          dragged={dragged === m.id}
          mayMove={mayMove}
          first={i === 0}
          last={i === list.length - 1}
          folders={list.filter((x) => x.kind === MediaKind.FOLDER && x.id !== m.id)}
          upId={trail.length > 0 ? parentOfHere : null}
          onOpen={() => open(m)}
          onEdit={() => edit(m)}
          onHide={hide}
          onStep={(steps) => step(m, steps)}
          onDragStart={() => setDragged(m.id)}
          onDragEnd={() => { setDragged(''); setOver('') }}
          onDragOver={() => setOver(m.id)}
          onDrop={() => drop(m)}
        />
      ))}
    </ul>
  )
}
