// Recording a stream, and what was recorded of it.

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import { MediaService } from '../gen/synctv/v1/media_pb'
import { RecordingState, type Recording } from '../gen/synctv/v1/recordings_pb'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import type { Api } from '../net/api'
import type { LiveRoom } from '../room/store'
import { announce } from '../ui/announce'
import { confirm } from '../ui/Confirm'
import { Switch } from '../ui/fields'
import { Icon, type IconName } from '../ui/Icon'
import { attempt, toast } from '../ui/Toasts'
import { publishes, Recorded, refusal, standing, when } from './recorded'
import { tell } from './words'

interface Props {
  api: Api
  /** Where a recording can be put into the queue; null without a room. */
  room: LiveRoom | null
  stream: Stream
  onStream(s: Stream): void
}

export function Recordings({ api, room, stream, onStream }: Props) {
  const store = useMemo(() => new Recorded(api, stream.id), [api, stream.id])
  const head = useId()
  const title = useRef<HTMLHeadingElement>(null)
  // Begun and ended elsewhere too: by another page, or with the broadcast.
  useEffect(() => {
    void store.refresh(stream.recording)
  }, [store, stream.recording, stream.state])
  useEffect(() => () => store.stop(), [store])
  const remove = (r: Recording, name: string): void =>
    confirm({
      title: tell('recordDelete'), text: tell('recordDeleteAsk', { name }), action: t('do.delete'), danger: true,
      run: async () => {
        await store.remove(r)
        toast(tell('recordDeleted'))
        // The button that was pressed is gone.
        setTimeout(() => title.current?.focus())
      },
    })
  return (
    <section class="go-records" aria-labelledby={head}>
      <div class="go-records-head">
        <h3 ref={title} id={head} class="field-label" tabIndex={-1}>{tell('recordings')}</h3>
        <Now store={store} stream={stream} onStream={onStream} />
      </div>
      <Switch
        label={tell('record')} value={stream.record}
        onValue={(record) => attempt(async () => {
          onStream(await store.always(record))
          toast(tell('saved'))
        })}
      />
      <List store={store} room={room} name={stream.title} onRemove={remove} />
    </section>
  )
}

/** The dot, and the button for the present broadcast. */
function Now({ store, stream, onStream }: { store: Recorded; stream: Stream; onStream(s: Stream): void }) {
  const [busy, setBusy] = useState(false)
  const [off, setOff] = useState(false)
  const on = stream.recording
  const press = async (): Promise<void> => {
    setBusy(true)
    try {
      onStream(await (on ? store.end() : store.start()))
      announce(tell(on ? 'recordEnded' : 'recording'))
    } catch (e) {
      const word = refusal(e)
      if (word === null) throw e
      if (word === 'recordOff') setOff(true)
      else toast(tell(word), { bad: true })
    } finally {
      setBusy(false)
    }
  }
  if (off) return <span class="muted small" role="alert">{tell('recordOff')}</span>
  if (!on && !publishes(stream)) return null
  return (
    <>
      {on && <RecordSign />}
      <button type="button" class="btn slim" disabled={busy} aria-label={on ? tell('recordStop') : undefined} onClick={() => attempt(press)}>
        {!on && <i class="go-dot" aria-hidden="true" />}{tell(on ? 'stop' : 'recordNow')}
      </button>
    </>
  )
}

/** A red dot with its word. */
export function RecordSign() {
  return <span class="go-recording"><i class="go-dot on" aria-hidden="true" />{tell('recording')}</span>
}

interface ListProps {
  store: Recorded
  room: LiveRoom | null
  /** The stream's: what is called the same needs no name. */
  name: string
  onRemove(r: Recording, name: string): void
}

function List({ store, room, name, onRemove }: ListProps) {
  const listed = store.listed.value
  const error = store.error.value
  if (error) {
    return (
      <div class="form-error" role="alert">
        <p>{sentence(error)}</p>
        <button type="button" class="btn slim" onClick={() => void store.refresh()}>{t('do.retry')}</button>
      </div>
    )
  }
  if (!listed) return <p class="muted small">{t('is.loading')}</p>
  if (listed.list.length === 0) return <p class="muted small">{tell('recordNone')}</p>
  return (
    <>
      <ul class="go-sessions">
        {listed.list.map((r) => <Row key={r.id} store={store} room={room} recording={r} name={name} onRemove={onRemove} />)}
      </ul>
      {listed.cursor && <button type="button" class="btn slim quiet" onClick={() => attempt(() => store.more())}>{t('do.loadMore')}</button>}
    </>
  )
}

const signs: Partial<Record<RecordingState, IconName>> = { [RecordingState.COMPLETE]: 'film', [RecordingState.LOST]: 'alert' }

function Row({ store, room, recording: r, name, onRemove }: ListProps & { recording: Recording }) {
  const made = when(r, Date.now())
  const sign = signs[r.state]
  const complete = r.state === RecordingState.COMPLETE
  return (
    <li>
      <span class="go-sign">{sign ? <Icon name={sign} small /> : <i class="go-dot on" aria-hidden="true" />}</span>
      <span class="grow">
        <strong class="clip">{made}</strong>
        <span class="muted small num">{[r.title !== name && r.title, standing(r)].filter(Boolean).join(' · ')}</span>
      </span>
      <span class="go-deeds">
        {complete && room?.can('media_add') && <Deed icon="plus" label={tell('recordQueue')} of={made} onPress={() => attempt(() => queue(room, r))} />}
        {complete && <Deed icon="save" label={tell('recordSave')} of={made} onPress={() => attempt(async () => save(await store.savedFrom(r, Date.now())))} />}
        {r.state !== RecordingState.RECORDING && <Deed icon="trash" label={tell('recordDelete')} of={made} onPress={() => onRemove(r, made)} />}
      </span>
    </li>
  )
}

function Deed({ icon, label, of, onPress }: { icon: IconName; label: string; of: string; onPress(): void }) {
  return (
    <button type="button" class="icon-btn" aria-label={`${label}: ${of}`} title={label} onClick={onPress}>
      <Icon name={icon} />
    </button>
  )
}

async function queue(room: LiveRoom, r: Recording): Promise<void> {
  await room.api.call(MediaService.method.addMedia, { roomId: room.roomId, media: [{ provider: 'recording', url: r.id }] })
  toast(tell('recordQueued'))
}

/** The browser saves it: the server says that it is a file. */
function save(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
