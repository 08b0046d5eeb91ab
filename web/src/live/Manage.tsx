// The affairs of a stream: its name, who may watch, links, who is on the line, and its end.

import { useEffect, useState } from 'preact/hooks'
import { Visibility } from '../gen/synctv/v1/rooms_pb'
import { StreamService, StreamState, type Stream, type StreamSession } from '../gen/synctv/v1/streams_pb'
import { timeOfDay } from '../i18n'
import type { Api } from '../net/api'
import type { LiveRoom } from '../room/store'
import { share } from '../router'
import { confirm } from '../ui/Confirm'
import { Segments, TextField } from '../ui/fields'
import { Icon } from '../ui/Icon'
import { attempt, toast } from '../ui/Toasts'
import { CopyField } from './Encoder'
import { Recordings } from './Recordings'
import { tell } from './words'

interface Props {
  api: Api
  room: LiveRoom | null
  stream: Stream
  onStream(s: Stream): void
  /** It was deleted. */
  onGone(): void
}

export function Manage(props: Props) {
  const [open, setOpen] = useState(props.room === null)
  return (
    <details
      class="go-manage" open={open}
      onToggle={(e) => {
        const box = e.currentTarget
        setOpen(box.open)
        if (box.open && props.room) requestAnimationFrame(() => reveal(box))
      }}
    >
      <summary>{tell('manage')}<Icon name="down" small /></summary>
      {open && (
        <div class="stack go-affairs">
          <Look {...props} />
          <WatchLink {...props} />
          <Recordings {...props} />
          <Sessions {...props} />
          <Endings {...props} />
        </div>
      )}
    </details>
  )
}

/** Brings what was opened to the top of its dialog. */
function reveal(box: HTMLElement): void {
  const body = box.closest('.dialog-body')
  body?.scrollBy({ top: box.getBoundingClientRect().top - body.getBoundingClientRect().top, behavior: 'smooth' })
}

function Look({ api, stream, onStream }: Props) {
  const [title, setTitle] = useState(stream.title)
  const save = (change: { title?: string; visibility?: Visibility }): void =>
    attempt(async () => {
      onStream(await api.call(StreamService.method.updateStream, { streamId: stream.id, ...change }))
      toast(tell('saved'))
    })
  const visible = [[Visibility.PUBLIC, tell('visPublic')], [Visibility.UNLISTED, tell('visUnlisted')], [Visibility.PRIVATE, tell('visPrivate')]] as const
  const notes = { [Visibility.PUBLIC]: 'publicNote', [Visibility.UNLISTED]: 'unlistedNote' } as const
  const note = notes[stream.visibility as Visibility.PUBLIC] ?? (stream.roomId ? 'privateNote' : 'privateAlone')
  return (
    <>
      <form onSubmit={(e) => { e.preventDefault(); save({ title: title.trim() }) }}>
        <TextField label={tell('name')} maxLength={80} required value={title} onValue={setTitle} />
        <button type="submit" hidden />
      </form>
      {title.trim() !== stream.title && title.trim() !== '' && (
        <div><button type="button" class="btn slim primary" onClick={() => save({ title: title.trim() })}>{tell('done')}</button></div>
      )}
      <Segments label={tell('visibility')} value={stream.visibility} options={visible} note={tell(note)} onValue={(v) => save({ visibility: v as Visibility })} />
    </>
  )
}

/** A link to the stream without its room. */
function WatchLink({ api, stream }: Props) {
  const [token, setToken] = useState('')
  const closed = stream.visibility === Visibility.PRIVATE
  const make = async (): Promise<void> => setToken((await api.call(StreamService.method.createPlayToken, { streamId: stream.id })).token)
  if (closed && !token) {
    return (
      <div class="field">
        <span class="field-label">{tell('link')}</span>
        <div class="go-nokey">
          <p>{tell('linkPrivate')}</p>
          <button type="button" class="btn slim" onClick={() => attempt(make)}>{tell('makeLink')}</button>
        </div>
      </div>
    )
  }
  return <CopyField label={tell('link')} value={linkOf(stream, closed ? token : '')} />
}

/** Where a stream can be watched by itself. */
function linkOf(stream: Stream, token: string): string {
  return share(`/s/${stream.id}`) + (token ? `?token=${encodeURIComponent(token)}` : '')
}

const sessionsEveryMs = 4000

function Sessions({ api, room, stream }: Props) {
  const [list, setList] = useState<readonly StreamSession[] | null>(null)
  const load = (): void => void api.call(StreamService.method.listStreamSessions, { streamId: stream.id }).then((a) => setList(a.sessions), () => undefined)
  useEffect(() => {
    load()
    const timer = setInterval(load, sessionsEveryMs)
    return () => clearInterval(timer)
  }, [stream.id, stream.state])
  const cut = (s: StreamSession): void =>
    attempt(async () => {
      await api.call(StreamService.method.kickStreamSession, { streamId: stream.id, sessionId: s.id })
      toast(tell('cutDone'))
      load()
    })
  return (
    <div class="field">
      <span class="field-label">{tell('sessions')}</span>
      {list?.length === 0 && <p class="muted small">{tell('nobody')}</p>}
      <ul class="go-sessions">
        {list?.map((s) => <Session key={s.id} session={s} name={room?.people.value.find((p) => p.personId === s.personId)?.name ?? ''} onCut={() => cut(s)} />)}
      </ul>
    </div>
  )
}

function Session({ session: s, name, onCut }: { session: StreamSession; name: string; onCut(): void }) {
  const publishes = s.role === 'publisher'
  const who = name || tell(publishes ? 'publisher' : 'viewer')
  const rest = [s.protocol.toUpperCase(), tell('since', { time: timeOfDay(s.sinceMs) }), megabytes(s.bytes), s.address].filter(Boolean).join(' · ')
  return (
    <li>
      <Icon name={publishes ? 'mast' : 'eye'} small />
      <span class="grow">
        <strong class="clip">{who}</strong>
        <span class="muted small num">{rest}</span>
      </span>
      <button type="button" class="btn quiet slim" aria-label={tell('cutLabel', { who })} onClick={onCut}>{tell('cut')}</button>
    </li>
  )
}

function megabytes(bytes: number): string {
  return bytes > 0 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : ''
}

function Endings({ api, stream, onGone }: Props) {
  const streamId = stream.id
  const end = async (): Promise<void> => {
    const { sessions } = await api.call(StreamService.method.listStreamSessions, { streamId })
    for (const s of sessions) if (s.role === 'publisher') await api.call(StreamService.method.kickStreamSession, { streamId, sessionId: s.id })
    toast(tell('ended'))
  }
  const remove = async (): Promise<void> => {
    await api.call(StreamService.method.deleteStream, { streamId })
    toast(tell('removed'))
    onGone()
  }
  const fresh = (): Promise<unknown> => api.call(StreamService.method.revokePlayTokens, { streamId })
  return (
    <div class="go-endings">
      {stream.state === StreamState.LIVE && (
        <button type="button" class="btn slim danger" onClick={() => confirm({ title: tell('end'), text: tell('endAsk'), action: tell('end'), danger: true, run: end })}>{tell('end')}</button>
      )}
      <button type="button" class="btn slim" onClick={() => confirm({ title: tell('fresh'), text: tell('freshAsk'), action: tell('fresh'), run: fresh })}>{tell('fresh')}</button>
      <button type="button" class="btn slim quiet" onClick={() => confirm({ title: tell('remove'), text: tell('removeAsk'), action: tell('remove'), danger: true, run: remove })}>{tell('remove')}</button>
    </div>
  )
}
