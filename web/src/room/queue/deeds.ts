// What can be done with the queue, as calls; the list itself changes by events.
import { MediaKind, MediaService } from '../../gen/synctv/v1/media_pb'
import type { Media } from '../../gen/synctv/v1/media_pb'
import { PlaybackOp } from '../../gen/synctv/v1/playback_pb'
import { t } from '../../i18n'
import { confirm } from '../../ui/Confirm'
import { attempt, fail, toast } from '../../ui/Toasts'
import type { LiveRoom } from '../store'

export interface Where {
  parentId: string
  playNow?: boolean
  playNext?: boolean
}

/** Adds links; titles come from the server's own look at them. */
export function addLinks(room: LiveRoom, links: readonly string[], where: Where) {
  return room.api.call(MediaService.method.addMedia, {
    roomId: room.roomId,
    parentId: where.parentId,
    media: links.map((url) => ({ url })),
    playNow: where.playNow ?? false,
    playNext: where.playNext ?? false,
  })
}

export function addFolder(room: LiveRoom, title: string, parentId: string) {
  return room.api.call(MediaService.method.addMedia, {
    roomId: room.roomId,
    parentId,
    media: [{ kind: MediaKind.FOLDER, title }],
  })
}

export function play(room: LiveRoom, m: Media): void {
  attempt(() => room.intent({ op: PlaybackOp.SELECT, mediaId: m.id, baseMediaId: room.playback.value?.mediaId ?? '' }))
}

export function playNext(room: LiveRoom, m: Media): void {
  attempt(() => room.api.call(MediaService.method.moveMedia, { roomId: room.roomId, mediaId: m.id, playNext: true }))
}

/** Puts an item before a sibling; an empty beforeId puts it last. */
export function move(room: LiveRoom, m: Media, parentId: string, beforeId: string): Promise<unknown> {
  return room.api.call(MediaService.method.moveMedia, { roomId: room.roomId, mediaId: m.id, parentId, beforeId })
}

/** Deletes a folder after a question, an item after some seconds in which it can be taken back. */
export function remove(room: LiveRoom, m: Media, hide: (id: string, hidden: boolean) => void): void {
  const drop = (): Promise<unknown> =>
    room.api.call(MediaService.method.deleteMedia, { roomId: room.roomId, mediaId: m.id })
  if (m.kind === MediaKind.FOLDER) {
    confirm({
      title: t('do.delete'),
      text: t('queue.deleteFolder', { title: m.title }),
      action: t('do.delete'),
      danger: true,
      run: drop,
    })
    return
  }
  hide(m.id, true)
  toast(t('queue.deleted', { title: m.title }), {
    action: { label: t('do.undo'), run: () => hide(m.id, false) },
    onGone: () => {
      drop().catch((e: unknown) => {
        hide(m.id, false)
        fail(e)
      })
    },
  })
}

/** The sibling an item has to come before, to move it by steps within its folder; null when it cannot. */
export function neighbour(list: readonly Media[], id: string, steps: number): string | null {
  const at = list.findIndex((m) => m.id === id)
  const to = at + steps
  if (at < 0 || to < 0 || to >= list.length) return null
  const before = steps > 0 ? list[to + 1] : list[to]
  return before?.id ?? ''
}
