import { MediaKind } from '../../gen/synctv/v1/media_pb'
import type { Media } from '../../gen/synctv/v1/media_pb'
import { clock, t } from '../../i18n'
import { Icon } from '../../ui/Icon'
import { Menu, MenuItem } from '../../ui/Menu'
import { attempt } from '../../ui/Toasts'
import { useRoom } from '../context'
import { move, play, playNext, remove } from './deeds'

interface Props {
  media: Media
  over: boolean
  dragged: boolean
  mayMove: boolean
  first: boolean
  last: boolean
  /** Folders beside it that it could go into. */
  folders: readonly Media[]
  /** The folder above, '' for the root; null when this is the root. */
  upId: string | null
  onOpen(): void
  onEdit(): void
  onHide(id: string, hidden: boolean): void
  onStep(steps: number): void
  onDragStart(): void
  onDragEnd(): void
  onDragOver(): void
  onDrop(): void
}

export function QueueItem(props: Props) {
  const { media, mayMove } = props
  const room = useRoom()
  const folder = media.kind === MediaKind.FOLDER
  const playing = room.playback.value?.mediaId === media.id
  const mayPlay = room.can('playback_navigate')
  const press = folder ? props.onOpen : mayPlay && !playing ? () => play(room, media) : undefined
  const cls = `queue-item${playing ? ' playing' : ''}${props.over ? ' over' : ''}${props.dragged ? ' dragged' : ''}`
  return (
    <li
      class={cls}
      aria-current={playing ? 'true' : undefined}
      onDragOver={(e) => { e.preventDefault(); props.onDragOver() }}
      onDrop={(e) => { e.preventDefault(); props.onDrop() }}
    >
      {mayMove && <Grip {...props} />}
      <span class="queue-sign" aria-hidden="true">
        {folder ? <Icon name="folder" /> : playing ? <Icon name={room.playback.value?.playing ? 'play' : 'pause'} fill={room.playback.value?.playing ?? false} /> : <Icon name="play" />}
      </span>
      {press ? (
        <button type="button" class="queue-main" onClick={press}>
          <span class="unseen">{t(folder ? 'queue.open' : 'queue.playNow')}: </span>
          <Words media={media} playing={playing} />
        </button>
      ) : (
        <div class="queue-main"><Words media={media} playing={playing} /></div>
      )}
      <ItemMenu {...props} folder={folder} mayPlay={mayPlay} />
    </li>
  )
}

function Grip({ media, onStep, onDragStart, onDragEnd }: Props) {
  return (
    <button
      type="button"
      class="grip"
      draggable
      aria-label={t('queue.drag', { title: media.title })}
      onDragStart={(e) => {
        e.dataTransfer?.setData('text/plain', media.title)
        onDragStart()
      }}
      onDragEnd={onDragEnd}
      onKeyDown={(e) => {
        const steps = e.key === 'ArrowUp' ? -1 : e.key === 'ArrowDown' ? 1 : 0
        if (steps === 0) return
        e.preventDefault()
        e.stopPropagation()
        onStep(steps)
      }}
    >
      <Icon name="grip" small />
    </button>
  )
}

function Words({ media, playing }: { media: Media; playing: boolean }) {
  const room = useRoom()
  const state = playing ? t(room.playback.value?.playing ? 'queue.playing' : 'queue.paused') : ''
  const length = media.live ? '' : media.durationMs > 0 ? clock(media.durationMs) : ''
  const facts = [state, length, media.addedByName && t('queue.by', { name: media.addedByName })].filter(Boolean)
  return (
    <>
      <span class="queue-title clip" title={media.title}>{media.title}</span>
      <span class="queue-facts num">
        {media.live && <LiveSign media={media} />}
        <span class="clip">{facts.join(' · ')}</span>
      </span>
    </>
  )
}

/** Red while somebody publishes. Of what is live elsewhere nobody tells us more than that it is. */
function LiveSign({ media }: { media: Media }) {
  const room = useRoom()
  const on = media.provider === 'live' ? room.onAir.items.value[media.id] : true
  return <span class={on ? 'badge live' : 'badge'}>{t(on === false ? 'queue.notLive' : 'queue.live')}</span>
}

function ItemMenu(props: Props & { folder: boolean; mayPlay: boolean }) {
  const { media, mayMove, mayPlay, folder, first, last, folders, upId, onStep, onEdit, onHide } = props
  const room = useRoom()
  const mine = media.addedBy === room.me.value?.personId && room.can('media_add')
  const mayEdit = mine || room.can('media_edit_any')
  if (!mayMove && !mayEdit && !(mayPlay && !folder)) return null
  return (
    <Menu label={t('queue.actions', { title: media.title })}>
      {!folder && mayPlay && <MenuItem icon="play" onPick={() => play(room, media)}>{t('queue.playNow')}</MenuItem>}
      {!folder && mayMove && <MenuItem icon="next" onPick={() => playNext(room, media)}>{t('queue.playNext')}</MenuItem>}
      {mayMove && !first && <MenuItem icon="up" onPick={() => onStep(-1)}>{t('queue.moveUp')}</MenuItem>}
      {mayMove && !last && <MenuItem icon="down" onPick={() => onStep(1)}>{t('queue.moveDown')}</MenuItem>}
      {mayMove && upId !== null && <MenuItem icon="back" onPick={() => attempt(() => move(room, media, upId, ''))}>{t('queue.toTop')}</MenuItem>}
      {mayMove && folders.slice(0, 8).map((f) => (
        <MenuItem key={f.id} icon="folder" onPick={() => attempt(() => move(room, media, f.id, ''))}>{t('queue.toFolder', { name: f.title })}</MenuItem>
      ))}
      {mayEdit && <MenuItem icon="edit" onPick={onEdit}>{t('do.edit')}</MenuItem>}
      {mayEdit && <MenuItem icon="trash" danger onPick={() => remove(room, media, onHide)}>{t('do.delete')}</MenuItem>}
    </Menu>
  )
}
