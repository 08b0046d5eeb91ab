import { useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { Preset, RoomService, Visibility, WaitPolicy } from '../../gen/synctv/v1/rooms_pb'
import type { PermissionOverride, RoomSettings } from '../../gen/synctv/v1/rooms_pb'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { t } from '../../i18n'
import { useSubmit } from '../../pages/Auth'
import { go } from '../../router'
import { isAdmin } from '../../session'
import { confirm } from '../../ui/Confirm'
import { Dialog } from '../../ui/Dialog'
import { Segments, Select, Switch, TextField } from '../../ui/fields'
import { toast } from '../../ui/Toasts'
import { askRotate } from '../InviteDialog'
import type { LiveRoom } from '../store'
import { PermissionTable } from './PermissionTable'

type Draft = Pick<
  RoomSettings,
  'visibility' | 'preset' | 'guestsAllowed' | 'capacity' | 'idleTtlSeconds' | 'waitPolicy' | 'slowModeMs'
> & { overrides: PermissionOverride[] }

/** Everything a room can be told, in one dialog. */
export function Settings({ room, onClose }: { room: LiveRoom; onClose(): void }) {
  const info = room.info.value
  const [name, setName] = useState(info?.name ?? '')
  const [password, setPassword] = useState('')
  const [noPassword, setNoPassword] = useState(false)
  const [draft, setDraft] = useState<Draft>(() => toDraft(info?.settings))
  const set = (change: Partial<Draft>): void => setDraft({ ...draft, ...change })
  const mayEdit = room.can('room_settings')
  const { busy, submit, shown, wrong } = useSubmit(async () => {
    const secret = noPassword ? { password: '' } : password ? { password } : {}
    await room.api.call(RoomService.method.updateRoom, { roomId: room.roomId, name: name.trim(), settings: draft, ...secret })
    toast(t('do.saved'))
    onClose()
  })
  const foot = mayEdit && (
    <>
      <button type="button" class="btn quiet" onClick={onClose}>{t('do.cancel')}</button>
      <button type="submit" form="room-settings" class="btn primary" disabled={busy}>{t(busy ? 'do.saving' : 'do.save')}</button>
    </>
  )
  return (
    <Dialog title={t('set.title')} onClose={onClose} foot={foot || null} wide>
      {!mayEdit && <p class="form-error" style="background:var(--surface-2)">{t('set.readOnly')}</p>}
      <form id="room-settings" onSubmit={submit}>
        <fieldset class="settings" disabled={!mayEdit}>
          <Group title={t('set.general')}>
            <TextField label={t('set.name')} maxLength={80} required value={name} onValue={setName} wrong={wrong('name')} />
          </Group>
          <Group title={t('set.access')}>
            <Access draft={draft} set={set} />
            <TextField
              label={t('set.password')}
              type="password"
              autoComplete="new-password"
              disabled={noPassword}
              placeholder={info?.hasPassword ? t('set.passwordKeep') : t('set.passwordNone')}
              value={password}
              onValue={setPassword}
              wrong={wrong('password')}
            />
            {info?.hasPassword && <Switch label={t('set.passwordRemove')} value={noPassword} onValue={setNoPassword} />}
            {mayEdit && <div><button type="button" class="btn slim" onClick={() => askRotate(room)}>{t('invite.rotate')}</button></div>}
          </Group>
          <Group title={t('set.playback')}>
            <Together draft={draft} set={set} />
          </Group>
          <Group title={t('set.permissions')}>
            <PermissionTable overrides={draft.overrides} setOverrides={(overrides) => set({ overrides })} />
          </Group>
        </fieldset>
        {shown && <p class="form-error" role="alert">{shown}</p>}
      </form>
      {(room.me.value?.role === RoomRole.OWNER || isAdmin.value) && <Danger room={room} />}
    </Dialog>
  )
}

function toDraft(s: RoomSettings | undefined): Draft {
  return {
    visibility: s?.visibility || Visibility.PRIVATE,
    preset: s?.preset || Preset.OPEN,
    guestsAllowed: s?.guestsAllowed ?? true,
    capacity: s?.capacity ?? 0,
    idleTtlSeconds: s?.idleTtlSeconds ?? 0,
    waitPolicy: s?.waitPolicy || WaitPolicy.SOFT,
    slowModeMs: s?.slowModeMs ?? 0,
    overrides: s?.overrides ?? [],
  }
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="settings-group">
      <h3>{title}</h3>
      <div class="stack">{children}</div>
    </section>
  )
}

interface PartProps {
  draft: Draft
  set(change: Partial<Draft>): void
}

function Access({ draft, set }: PartProps) {
  const visible = [[Visibility.PUBLIC, t('room.public')], [Visibility.UNLISTED, t('room.unlisted')], [Visibility.PRIVATE, t('room.private')]] as const
  const note = draft.visibility === Visibility.PUBLIC ? 'set.publicNote' : draft.visibility === Visibility.UNLISTED ? 'set.unlistedNote' : 'set.privateNote'
  return (
    <>
      <Segments label={t('set.visibility')} value={draft.visibility} options={visible} note={t(note)} onValue={(v) => set({ visibility: v as Visibility })} />
      <Switch label={t('set.guests')} value={draft.guestsAllowed} onValue={(guestsAllowed) => set({ guestsAllowed })} />
      <TextField label={t('set.capacity')} type="number" min={0} max={100000} note={t('set.noLimit')} value={String(draft.capacity)} onValue={(v) => set({ capacity: whole(v) })} />
      <Ttl draft={draft} set={set} />
    </>
  )
}

const HOUR = 3600

function Ttl({ draft, set }: PartProps) {
  const options: (readonly [number, string])[] = [
    [0, t('set.ttlNever')], [HOUR, t('set.ttlHour')], [24 * HOUR, t('set.ttlDay')], [168 * HOUR, t('set.ttlWeek')], [720 * HOUR, t('set.ttlMonth')],
  ]
  const now = draft.idleTtlSeconds
  if (!options.some(([s]) => s === now)) options.push([now, t('set.seconds', { n: now })])
  return <Select label={t('set.ttl')} value={now} options={options} onValue={(v) => set({ idleTtlSeconds: Number(v) })} />
}

function Together({ draft, set }: PartProps) {
  const presets = [[Preset.OPEN, t('set.presetOpen')], [Preset.HOST, t('set.presetHost')]] as const
  const waits = [[WaitPolicy.OFF, t('set.waitOff')], [WaitPolicy.SOFT, t('set.waitSoft')], [WaitPolicy.STRICT, t('set.waitStrict')]] as const
  const slow = [0, 5, 10, 30, 60, 300].map((s) => [s * 1000, s === 0 ? t('set.slowOff') : t('set.seconds', { n: s })] as const)
  const slowOptions = slow.some(([ms]) => ms === draft.slowModeMs) ? slow : [...slow, [draft.slowModeMs, t('set.seconds', { n: draft.slowModeMs / 1000 })] as const]
  return (
    <>
      <Segments label={t('set.preset')} value={draft.preset} options={presets} onValue={(v) => set({ preset: v as Preset })} />
      <Segments label={t('set.wait')} value={draft.waitPolicy} options={waits} note={t('set.waitNote')} onValue={(v) => set({ waitPolicy: v as WaitPolicy })} />
      <Select label={t('set.slow')} value={draft.slowModeMs} options={slowOptions} onValue={(v) => set({ slowModeMs: Number(v) })} />
    </>
  )
}

function Danger({ room }: { room: LiveRoom }) {
  const name = room.info.value?.name ?? ''
  const ask = (): void =>
    confirm({
      title: t('set.delete'),
      text: t('set.deleteText'),
      typed: name,
      action: t('set.delete'),
      danger: true,
      run: async () => {
        await room.api.call(RoomService.method.deleteRoom, { roomId: room.roomId })
        go('/', true)
        toast(t('set.deleted'))
      },
    })
  return (
    <section class="settings-group">
      <h3>{t('set.danger')}</h3>
      <div><button type="button" class="btn danger" onClick={ask}>{t('set.delete')}</button></div>
    </section>
  )
}

function whole(v: string): number {
  const n = Math.floor(Number(v))
  return Number.isFinite(n) && n > 0 ? Math.min(n, 100_000) : 0
}
