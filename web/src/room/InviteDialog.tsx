import { useRef, useState } from 'preact/hooks'
import { encode } from 'uqr'
import { RoomService } from '../gen/synctv/v1/rooms_pb'
import { t } from '../i18n'
import { share } from '../router'
import { confirm } from '../ui/Confirm'
import { toClipboard } from '../ui/copy'
import { Dialog } from '../ui/Dialog'
import { Icon } from '../ui/Icon'
import { attempt } from '../ui/Toasts'
import type { LiveRoom } from './store'

/** The link, one big button, and a code for phones. */
export function InviteDialog({ room, onClose }: { room: LiveRoom; onClose(): void }) {
  const code = room.info.value?.inviteCode ?? ''
  const link = share(`/j/${code}`)
  const box = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  if (!code) {
    return (
      <Dialog title={t('invite.title')} onClose={onClose}>
        <p class="muted">{t('invite.none')}</p>
      </Dialog>
    )
  }
  const copy = async (): Promise<void> => {
    if (!(await toClipboard(link, box.current))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 2500)
  }
  const canShare = typeof navigator.share === 'function'
  return (
    <Dialog title={t('invite.title')} onClose={onClose}>
      <p class="muted">{t('invite.text')}</p>
      <input ref={box} class="input invite-link" readOnly value={link} aria-label={t('invite.title')} onFocus={(e) => e.currentTarget.select()} />
      <button type="button" class="btn primary big" autoFocus onClick={() => void copy()}>
        <Icon name={copied ? 'check' : 'copy'} />
        {t(copied ? 'do.copied' : 'invite.copy')}
      </button>
      <span class="unseen" role="status">{copied ? t('do.copied') : ''}</span>
      <div class="invite-more">
        <Code link={link} />
        <div class="stack">
          <p class="muted small">{t('invite.scan')}</p>
          {canShare && (
            <button type="button" class="btn wide" onClick={() => void navigator.share({ url: link, title: room.info.value?.name ?? 'SyncTV' }).catch(() => undefined)}>
              <Icon name="share" small /> {t('invite.share')}
            </button>
          )}
          {room.can('room_settings') && (
            <button type="button" class="btn quiet wide" onClick={() => askRotate(room)}>{t('invite.rotate')}</button>
          )}
        </div>
      </div>
    </Dialog>
  )
}

export function askRotate(room: LiveRoom): void {
  confirm({
    title: t('invite.rotate'),
    text: t('invite.rotateAsk'),
    action: t('invite.rotate'),
    run: async () => {
      await room.api.call(RoomService.method.rotateInvite, { roomId: room.roomId })
      attempt(() => room.refreshMine())
    },
  })
}

/** Dark on light in both themes: cameras want it so. */
function Code({ link }: { link: string }) {
  const { data, size } = encode(link, { border: 2 })
  const path = data.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('')
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('invite.qr')} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#0b0e1a" />
    </svg>
  )
}
