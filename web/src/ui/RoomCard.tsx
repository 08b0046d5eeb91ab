import { useState } from 'preact/hooks'
import { RoomService } from '../gen/synctv/v1/rooms_pb'
import type { Room } from '../gen/synctv/v1/rooms_pb'
import { t } from '../i18n'
import { href } from '../router'
import { api } from '../session'
import { Icon } from './Icon'
import { Poster } from './Poster'
import { fail } from './Toasts'

/** One room of a list: what plays in it, how many are there. */
export function RoomCard({ room, canMark }: { room: Room; canMark: boolean }) {
  const [favourite, setFavourite] = useState(room.favourite)
  const mark = async (): Promise<void> => {
    setFavourite(!favourite)
    try {
      await api.call(RoomService.method.setFavourite, { roomId: room.id, favourite: !favourite })
    } catch (e) {
      setFavourite(favourite)
      fail(e)
    }
  }
  const label = t(favourite ? 'home.unfavourite' : 'home.favourite')
  return (
    <li class="card">
      <Poster id={room.id} idle={!room.nowPlaying}>
        <b>{status(room)}</b>
      </Poster>
      <div class="card-text">
        <a href={href(`/r/${room.id}`)}>
          <strong class="clip">{room.name}</strong>
          <small class="clip">{room.nowPlaying || t('home.nothing')} · {t('home.members', { n: room.members })}</small>
        </a>
      </div>
      {canMark && (
        <button type="button" class="icon-btn" aria-pressed={favourite} aria-label={`${label}: ${room.name}`} title={label} onClick={() => void mark()}>
          <Icon name="star" small fill={favourite} />
        </button>
      )}
    </li>
  )
}

function status(room: Room): string {
  if (room.online > 0) return t('home.watching', { n: room.online })
  if (room.nowPlaying) return t(room.playback?.playing ? 'home.playing' : 'home.paused')
  return t('home.quiet')
}
