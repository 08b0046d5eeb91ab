import { useState } from 'preact/hooks'
import { MemberService } from '../../gen/synctv/v1/members_pb'
import type { Member } from '../../gen/synctv/v1/members_pb'
import { t } from '../../i18n'
import type { Key } from '../../i18n'
import { useSubmit } from '../../pages/Auth'
import { server } from '../../session'
import { Dialog } from '../../ui/Dialog'
import { toast } from '../../ui/Toasts'
import type { LiveRoom } from '../store'

type Choice = 'role' | 'allow' | 'deny'

/** The sentence for an action's stable name; the name itself when a newer server knows more. */
export function actionName(action: string): string {
  const key = `action.${action}` as Key & `action.${string}`
  const words = t(key)
  return words === key ? action : words
}

/** What one person may do, beyond or below their role. */
export function PermissionsDialog({ room, member, onClose }: { room: LiveRoom; member: Member; onClose(): void }) {
  const [choices, setChoices] = useState<Record<string, Choice>>(() => ({
    ...Object.fromEntries(member.allow.map((a) => [a, 'allow' as const])),
    ...Object.fromEntries(member.deny.map((a) => [a, 'deny' as const])),
  }))
  const pick = (what: Choice): string[] => Object.keys(choices).filter((a) => choices[a] === what)
  const { busy, submit, error, shown } = useSubmit(async () => {
    await room.api.call(MemberService.method.updateMember, {
      roomId: room.roomId,
      personId: member.personId,
      setOverrides: true,
      allow: pick('allow'),
      deny: pick('deny'),
    })
    toast(t('do.saved'))
    onClose()
  })
  const foot = (
    <>
      <button type="button" class="btn quiet" onClick={onClose}>{t('do.cancel')}</button>
      <button type="submit" form="permissions" class="btn primary" disabled={busy}>{t(busy ? 'do.saving' : 'do.save')}</button>
    </>
  )
  return (
    <Dialog title={t('people.permissionsFor', { name: member.name })} onClose={onClose} foot={foot} wide>
      <form id="permissions" class="permission-list" onSubmit={submit}>
        {error !== null && <p class="form-error" role="alert">{shown}</p>}
        {(server.value?.actions ?? []).map((action) => (
          <div key={action} class="permission-row">
            <span class="grow" id={`p-${action}`}>{actionName(action)}</span>
            <select
              class="input slim"
              aria-labelledby={`p-${action}`}
              value={choices[action] ?? 'role'}
              onChange={(e) => setChoices({ ...choices, [action]: e.currentTarget.value as Choice })}
            >
              <option value="role">{t('people.byRole')}</option>
              <option value="allow">{t('people.allow')}</option>
              <option value="deny">{t('people.deny')}</option>
            </select>
          </div>
        ))}
      </form>
    </Dialog>
  )
}
