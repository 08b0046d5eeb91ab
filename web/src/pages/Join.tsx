import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { RoomService } from '../gen/synctv/v1/rooms_pb'
import type { InvitePreview } from '../gen/synctv/v1/rooms_pb'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import { asApiError } from '../net/errors'
import { guestName, rememberName } from '../preferences'
import { go, href } from '../router'
import { api, user } from '../session'
import { TextField } from '../ui/fields'
import { Loading, Notice } from '../ui/Notice'
import { Poster } from '../ui/Poster'
import { TopBar } from '../ui/TopBar'

/** The room a tap on this document has unlocked sound for. */
export const soundFor = signal('')

/** What an invite leads to, and the one big button. */
export function Join({ code }: { code: string }) {
  const [preview, setPreview] = useState<InvitePreview | null>(null)
  const [error, setError] = useState<unknown>(null)
  const load = (): void => {
    setError(null)
    api.call(RoomService.method.lookupInvite, { code }).then(setPreview, setError)
  }
  useEffect(load, [code])
  return (
    <>
      <TopBar />
      <main id="content">
        {error !== null ? <Broken error={error} retry={load} /> : preview ? <Card code={code} preview={preview} /> : <Loading />}
      </main>
    </>
  )
}

function Broken({ error, retry }: { error: unknown; retry(): void }) {
  const gone = asApiError(error).code === 'not_found'
  return (
    <Notice icon={gone ? 'link' : 'alert'} title={t('error.title')} text={gone ? t('join.broken') : sentence(error)}>
      {gone ? <a class="btn" href={href('/')}>{t('do.home')}</a> : <button type="button" class="btn primary" onClick={retry}>{t('do.retry')}</button>}
    </Notice>
  )
}

function Card({ code, preview }: { code: string; preview: InvitePreview }) {
  return (
    <div class="sheet">
      <div class="invite-card">
        <Poster id={preview.roomId} idle={!preview.nowPlaying}>
          {preview.online > 0 && <b>{t('home.watching', { n: preview.online })}</b>}
        </Poster>
        <p class="muted">{t('join.title', { owner: preview.ownerName })}</p>
        <h1>{preview.name}</h1>
        {preview.nowPlaying && <p class="muted">{t('join.playing', { title: preview.nowPlaying })}</p>}
      </div>
      <Door code={code} preview={preview} />
    </div>
  )
}

function Door({ code, preview }: { code: string; preview: InvitePreview }) {
  const me = user.value
  const signIn = `${href('/login')}?to=${encodeURIComponent(`/j/${code}`)}`
  if (preview.full) return <p class="form-error" role="alert">{t('join.full')}</p>
  if (!me && !preview.guestsAllowed) {
    return (
      <div class="stack">
        <p class="muted" style="text-align:center">{t('join.noGuests')}</p>
        <a class="btn primary big" href={signIn}>{t('auth.signIn')}</a>
      </div>
    )
  }
  return <JoinForm code={code} preview={preview} signIn={signIn} />
}

function JoinForm({ code, preview, signIn }: { code: string; preview: InvitePreview; signIn: string }) {
  const me = user.value
  const pass = api.tokens.guest(preview.roomId)
  const [name, setName] = useState(pass?.name || guestName())
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const enter = async (e: Event): Promise<void> => {
    e.preventDefault()
    // The tap that brought us here unlocks sound for this document; it must not reload.
    soundFor.value = preview.roomId
    setBusy(true)
    setError(null)
    try {
      await knock(code, preview.roomId, me ? null : name.trim(), password)
      go(`/r/${preview.roomId}`)
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  const wrongPassword = error !== null && asApiError(error).code === 'wrong_room_password'
  return (
    <form onSubmit={enter}>
      {me ? (
        <p class="muted" style="text-align:center">{t('join.as', { name: me.displayName || me.username })}</p>
      ) : (
        <TextField label={t('join.name')} name="nickname" autoComplete="nickname" maxLength={32} required value={name} onValue={setName} />
      )}
      {preview.needsPassword && (
        <TextField label={t('join.password')} type="password" name="room-password" autoComplete="off" required autoFocus value={password} onValue={setPassword} wrong={wrongPassword ? sentence(error) : undefined} />
      )}
      {error !== null && !wrongPassword && <p class="form-error" role="alert">{sentence(error)}</p>}
      <button type="submit" class="btn primary big" disabled={busy}>{t(busy ? 'join.going' : 'join.go')}</button>
      {!me && <p class="foot">{t('auth.haveAccount')} <a href={signIn}>{t('auth.signIn')}</a></p>}
    </form>
  )
}

/** Becomes a member, or a guest when there is a name; a guest who was here before keeps their pass. */
async function knock(inviteCode: string, roomId: string, guest: string | null, password: string): Promise<void> {
  if (guest === null) {
    await api.call(RoomService.method.joinRoom, { roomId, password, inviteCode })
    return
  }
  rememberName(guest)
  const pass = api.tokens.guest(roomId)
  if (pass && pass.name === guest && (await stillGood(roomId))) return
  api.tokens.accept(await api.open(RoomService.method.joinAsGuest, { roomId, name: guest, password, inviteCode }))
}

async function stillGood(roomId: string): Promise<boolean> {
  try {
    await api.call(RoomService.method.getRoom, { roomId })
    return true
  } catch {
    return false
  }
}
