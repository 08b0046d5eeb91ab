import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Delivery, MediaKind, MediaService } from '../../gen/synctv/v1/media_pb'
import type { Media, Subtitle } from '../../gen/synctv/v1/media_pb'
import { t } from '../../i18n'
import { sentence } from '../../i18n/errors'
import { ApiError } from '../../net/errors'
import { useSubmit } from '../../pages/Auth'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import { Segments, TextField } from '../../ui/fields'
import type { LiveRoom } from '../store'

type Line = Pick<Subtitle, 'url' | 'label' | 'language' | 'format'>

/** Title, link, subtitles and the way of one item. */
export function EditMedia({ room, media, onClose }: { room: LiveRoom; media: Media; onClose(): void }) {
  // A folder, a live stream and a recording have a title and nothing else that could be changed.
  const item = media.kind !== MediaKind.FOLDER && media.provider !== 'live' && media.provider !== 'recording'
  const [title, setTitle] = useState(media.title)
  const [url, setUrl] = useState(media.url)
  const [was, setWas] = useState(media.url)
  /** Null until their addresses are known: nothing can be done to them, and they are not sent. */
  const [lines, setLines] = useState<Line[] | null>(media.url ? media.subtitles : null)
  const [missing, setMissing] = useState<unknown>(null)
  // What is sent to the whole room does not carry addresses; those who may edit ask for them.
  const look = (): void => {
    setMissing(null)
    find(room, media).then((found) => {
      setWas(found.url)
      setUrl((typed) => typed || found.url)
      setLines(found.subtitles)
    }, setMissing)
  }
  useEffect(() => {
    if (item && !media.url) look()
  }, [])
  const [delivery, setDelivery] = useState<Delivery>(media.delivery || Delivery.AUTO)
  const { busy, submit, shown } = useSubmit(async () => {
    const subtitles = lines?.map(({ url: u, label, language, format }) => ({ url: u.trim(), label, language, format })) ?? []
    const changes = item ? { delivery, setSubtitles: lines !== null, subtitles, ...(url.trim() && url.trim() !== was ? { url: url.trim() } : {}) } : {}
    await room.api.call(MediaService.method.updateMedia, { roomId: room.roomId, mediaId: media.id, title: title.trim(), ...changes })
    onClose()
  })
  const ways = [[Delivery.AUTO, t('queue.deliveryAuto')], [Delivery.DIRECT, t('queue.deliveryDirect')], [Delivery.PROXY, t('queue.deliveryProxy')]] as const
  const foot = (
    <>
      <button type="button" class="btn quiet" onClick={onClose}>{t('do.cancel')}</button>
      <button type="submit" form="edit-media" class="btn primary" disabled={busy}>{t(busy ? 'do.saving' : 'do.save')}</button>
    </>
  )
  return (
    <Dialog title={t('queue.edit')} onClose={onClose} foot={foot}>
      <form id="edit-media" class="stack" onSubmit={submit}>
        <TextField label={t('queue.title')} maxLength={200} required value={title} onValue={setTitle} />
        {item && <TextField label={t('queue.url')} type="url" spellcheck={false} placeholder={t('queue.urlKeep')} value={url} onValue={setUrl} />}
        {item && <Segments label={t('queue.delivery')} value={delivery as Delivery} options={ways} onValue={(v) => setDelivery(v as Delivery)} />}
        {item && lines && <Subtitles lines={lines} setLines={setLines} />}
        {item && !lines && missing === null && <p class="muted small" role="status">{t('is.loading')}</p>}
        {missing !== null && (
          <div class="form-error" role="alert">
            <p>{sentence(missing)}</p>
            <button type="button" class="btn slim" onClick={look}>{t('do.retry')}</button>
          </div>
        )}
        {shown && <p class="form-error" role="alert">{shown}</p>}
      </form>
    </Dialog>
  )
}

async function find(room: LiveRoom, media: Media): Promise<Media> {
  let cursor = ''
  do {
    const page = await room.api.call(MediaService.method.listMedia, { roomId: room.roomId, parentId: media.parentId, page: { limit: 200, cursor } })
    const found = page.media.find((m) => m.id === media.id)
    if (found) return found
    cursor = page.page?.nextCursor ?? ''
  } while (cursor)
  throw new ApiError('not_found', '')
}

function Subtitles({ lines, setLines }: { lines: Line[]; setLines(l: Line[]): void }) {
  const box = useRef<HTMLFieldSetElement>(null)
  const fresh = useRef(false)
  // A new line wants its link: it has the focus, the next thing may be pasted.
  useLayoutEffect(() => {
    if (fresh.current) [...(box.current?.querySelectorAll<HTMLElement>('.subtitle-row') ?? [])].at(-1)?.querySelector('input')?.focus()
    fresh.current = false
  }, [lines.length])
  const drop = (at: number): void => {
    box.current?.querySelector<HTMLElement>('.add-subtitle')?.focus()
    setLines(lines.filter((_, n) => n !== at))
  }
  const put = (at: number, change: Partial<Line>): void => setLines(lines.map((l, i) => (i === at ? { ...l, ...change } : l)))
  return (
    <fieldset ref={box} class="field subtitles">
      <legend class="field-label">{t('queue.subtitles')}</legend>
      {lines.map((line, i) => (
        <div key={i} class="subtitle-row">
          <input class="input" type="url" required aria-label={t('queue.subtitleUrl')} placeholder={t('queue.subtitleUrl')} value={line.url} onInput={(e) => put(i, { url: e.currentTarget.value, format: '' })} />
          <input class="input" aria-label={t('queue.subtitleLabel')} placeholder={t('queue.subtitleLabel')} value={line.label} onInput={(e) => put(i, { label: e.currentTarget.value })} />
          <button type="button" class="icon-btn" aria-label={t('do.delete')} onClick={() => drop(i)}><Icon name="trash" small /></button>
        </div>
      ))}
      <div>
        <button type="button" class="btn slim add-subtitle" onClick={() => { fresh.current = true; setLines([...lines, { url: '', label: '', language: '', format: '' }]) }}>
          <Icon name="plus" small /> {t('queue.addSubtitle')}
        </button>
      </div>
    </fieldset>
  )
}
