import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import { ApiError } from '../net/errors'
import { href } from '../router'
import { user } from '../session'
import type { IconName } from '../ui/Icon'
import { Notice } from '../ui/Notice'
import { TopBar } from '../ui/TopBar'

const ICONS: Record<string, IconName> = { banned: 'ban', kicked: 'exit', room_full: 'people', not_found: 'link', room_closed: 'link' }
/** The door may still open for these: with a password, an account, or another try. */
const DOOR: ReadonlySet<string> = new Set(['kicked', 'permission_denied', 'wrong_room_password', 'room_full', 'unauthenticated'])

/** The room is over for this person: why, and one thing to do. */
export function Gone({ roomId, code, removed }: { roomId: string; code: string; removed: { how: string; reason: string } | null }) {
  const why = removed?.how === 'left' ? t('error.left')
    : removed?.how === 'kicked' && removed.reason ? t('error.kickedWhy', { reason: removed.reason })
    : sentence(new ApiError(code, ''))
  const account = code === 'guests_not_allowed' || (code === 'unauthenticated' && user.value === null)
  return (
    <>
      <TopBar />
      <main id="content">
        <Notice icon={ICONS[code] ?? 'lock'} title={t('room.closed')} text={why}>
          {account ? <a class="btn primary" href={`${href('/login')}?to=${encodeURIComponent(`/r/${roomId}`)}`}>{t('auth.signIn')}</a>
            : DOOR.has(code) ? <a class="btn primary" href={href(`/j/${roomId}`)}>{t('room.rejoin')}</a>
            : <a class="btn primary" href={href('/')}>{t('do.home')}</a>}
        </Notice>
      </main>
    </>
  )
}
