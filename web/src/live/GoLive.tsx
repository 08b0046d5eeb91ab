// Everything for who publishes: is the encoder there, what is wrong with it, where it connects, and the stream's affairs.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import { MediaService, type Media } from '../gen/synctv/v1/media_pb'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import type { Api } from '../net/api'
import { play } from '../room/queue/deeds'
import type { LiveRoom } from '../room/store'
import { announce } from '../ui/announce'
import { Dialog } from '../ui/Dialog'
import { Icon } from '../ui/Icon'
import { attempt } from '../ui/Toasts'
import { useBroadcast, type Broadcast } from './broadcast'
import { check, facts, noPast, playsHere, remember, type Verdict } from './check'
import { Encoder } from './Encoder'
import { Manage } from './Manage'
import { RecordSign } from './Recordings'
import { tell, type LiveWord } from './words'
import './live.css'

export interface GoLiveProps {
  api: Api
  /** The room it is for; null on the page of a stream. */
  room: LiveRoom | null
  /** The stream it is about; without it the room's own is found or made. */
  streamId?: string
  onClose(): void
  /** The stream was deleted. */
  onGone?(): void
}

export function GoLive({ api, room, streamId = '', onClose, onGone }: GoLiveProps) {
  const b = useBroadcast(api, room?.roomId ?? '', streamId)
  const { stream } = b
  useFirstShow(room, b)
  const foot = stream && room && <ShowIt room={room} stream={stream} />
  return (
    <Dialog title={tell(room ? 'title' : 'manageTitle')} onClose={onClose} foot={foot || null} wide>
      {b.error !== null && (
        <div class="form-error" role="alert">
          <p>{sentence(b.error)}</p>
          {!stream && <button type="button" class="btn slim" onClick={b.again}>{t('do.retry')}</button>}
        </div>
      )}
      {!stream && b.error === null && <p class="go-wait" role="status"><span class="spinner" /> {tell('loading')}</p>}
      {stream && (
        <div class="go">
          <CheckCard stream={stream} />
          <Encoder stream={stream} secret={b.secret} rotate={b.rotate} />
          <Manage api={api} room={room} stream={stream} onStream={b.setStream} onGone={() => { onClose(); onGone?.() }} />
        </div>
      )}
    </Dialog>
  )
}

/** A stream that was just made goes on the screen of a room in which nothing plays. */
function useFirstShow(room: LiveRoom | null, b: Broadcast): void {
  const id = b.made ? (b.stream?.id ?? '') : ''
  useEffect(() => {
    if (id && room && room.can('media_add') && !room.playback.peek()?.mediaId) attempt(() => add(room, id))
  }, [id])
}

const tones: Record<Verdict, 'quiet' | 'ok' | 'wait' | 'bad'> = { none: 'quiet', refused: 'bad', opening: 'wait', new: 'ok', on: 'ok', but: 'ok', bad: 'bad', back: 'wait' }
const heads: Record<Verdict, LiveWord> = { none: 'none', refused: 'refused', opening: 'opening', new: 'on', on: 'on', but: 'on', bad: 'on', back: 'back' }
const texts: Partial<Record<Verdict, LiveWord>> = { none: 'noneText', opening: 'openingText', new: 'newText', on: 'onText', but: 'onBut', bad: 'onBad', back: 'backText' }

/** Whether the encoder's connection arrives, and what is wrong with it. */
function CheckCard({ stream }: { stream: Stream }) {
  const past = useRef(noPast)
  past.current = remember(past.current, stream)
  const { verdict, findings } = check(stream, playsHere, past.current)
  const first = useRef(true)
  useEffect(() => {
    if (!first.current) announce([tell(heads[verdict]), ...findings.map((f) => tell(f.word, f.params))].join('. '))
    first.current = false
  }, [verdict])
  const text = texts[verdict]
  const chips = facts(stream)
  return (
    <section class={`go-check go-${tones[verdict]}`} aria-label={tell(heads[verdict])} data-verdict={verdict}>
      <span class="go-light" aria-hidden="true"><Icon name="mast" /></span>
      <div class="grow">
        <div class="go-check-head">
          <h3>{tell(heads[verdict])}</h3>
          {stream.recording && <RecordSign />}
        </div>
        {chips.length > 0 && <ul class="go-facts num">{chips.map((c) => <li key={c}>{c}</li>)}</ul>}
        {text && <p>{tell(text)}</p>}
        {findings.length > 0 && (
          <ul class="go-findings">
            {findings.map((f) => <li key={f.word} class={f.level}><Icon name="alert" small /> <span>{tell(f.word, f.params)}</span></li>)}
          </ul>
        )}
      </div>
    </section>
  )
}

/** The item of a stream in the room's queue, as far as it is loaded. */
function itemOf(room: LiveRoom, streamId: string): Media | null {
  for (const list of Object.values(room.folders.value)) {
    const found = list.find((m) => m.provider === 'live' && m.url === streamId)
    if (found) return found
  }
  return null
}

function add(room: LiveRoom, streamId: string): Promise<unknown> {
  const playNow = room.can('playback_navigate')
  return room.api.call(MediaService.method.addMedia, { roomId: room.roomId, media: [{ provider: 'live', url: streamId }], playNow })
}

function ShowIt({ room, stream }: { room: LiveRoom; stream: Stream }) {
  const [busy, setBusy] = useState(false)
  const item = itemOf(room, stream.id)
  if (item && room.playback.value?.mediaId === item.id) return <span class="go-shown"><Icon name="check" small /> {tell('onScreen')}</span>
  if (item && !room.can('playback_navigate') || !item && !room.can('media_add')) return null
  const show = async (): Promise<void> => {
    setBusy(true)
    await (item ? Promise.resolve(play(room, item)) : add(room, stream.id)).finally(() => setBusy(false))
  }
  return (
    <button type="button" class="btn primary" disabled={busy} onClick={() => attempt(show)}>
      <Icon name="screen" small /> {tell(room.playback.value?.mediaId ? 'playNow' : 'show')}
    </button>
  )
}
