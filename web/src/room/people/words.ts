import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { PlayerState } from '../../gen/synctv/v1/realtime_pb'
import type { Person } from '../../gen/synctv/v1/realtime_pb'
import { t } from '../../i18n'
import type { IconName } from '../../ui/Icon'

export function roleName(role: RoomRole): string {
  switch (role) {
    case RoomRole.OWNER: return t('role.owner')
    case RoomRole.ADMIN: return t('role.admin')
    case RoomRole.GUEST: return t('role.guest')
    default: return t('role.member')
  }
}

/** What a person's player does, as a word and a sign: never by colour alone. */
export function stateOf(p: Person): { text: string; icon: IconName; tone: 'ok' | 'wait' | 'bad' | 'calm' } {
  if (p.free) return { text: t('state.free'), icon: 'exit', tone: 'calm' }
  switch (p.state) {
    case PlayerState.PLAYING: return { text: t('state.playing'), icon: 'play', tone: 'ok' }
    case PlayerState.PAUSED: return { text: t('state.paused'), icon: 'pause', tone: 'calm' }
    case PlayerState.LOADING: return { text: t('state.loading'), icon: 'clock', tone: 'wait' }
    case PlayerState.STALLED: return { text: t('state.stalled'), icon: 'clock', tone: 'wait' }
    case PlayerState.AWAY: return { text: t('state.away'), icon: 'moon', tone: 'calm' }
    case PlayerState.ERROR: return { text: t('state.error'), icon: 'alert', tone: 'bad' }
    default: return { text: t('state.here'), icon: 'check', tone: 'calm' }
  }
}

/** Within this the eye and the ear call it the same. */
const IN_SYNC_MS = 40

/** The signed distance from the room, for those who play. */
export function offsetOf(p: Person): string {
  if (p.state !== PlayerState.PLAYING || p.free) return ''
  const n = Math.round(p.errorMs)
  if (Math.abs(n) < IN_SYNC_MS) return t('state.inSync')
  return n > 0 ? t('state.ahead', { n }) : t('state.behind', { n: -n })
}
