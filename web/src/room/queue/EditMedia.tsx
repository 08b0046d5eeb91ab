import { useEffect, useState } from 'preact/hooks'
import { Delivery, MediaKind, MediaService } from '../../gen/synctv/v1/media_pb'
import type { Media, Subtitle } from '../../gen/synctv/v1/media_pb'
import { t } from '../../i18n'
import { useSubmit } from '../../pages/Auth'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import { Segments, TextField } from '../../ui/fields'
import type { LiveRoom } from '../store'

type Line = Pick<Subtitle, 'url' | 'label' | 'language' | 'format'>

/** Title, link, subtitles and the way of one item. */
export function EditMedia({ room, media, onClose }: { room: LiveRoom; media: Media; onClose(): void }) {
  const item = media.kind !== MediaKind.FOLDER
  const [title, setTitle] = useState(media.title)
  const [url, setUrl] = useState(media.url)
  const [was, setWas] = useState(media.url)
  // What is sent to the whole room does not carry addresses; those who may edit ask for it.
  useEffect(() => {
    if (!item || media.url) return
    findUrl(room, media).then((found) => { setWas(found); setUrl((typed) => typed || found) }).catch(() => undefined)
  }, [])
  const [delivery, setDelivery] = useState<Delivery>(media.delivery || Delivery.AUTO)
  const [lines, setLines] = useState<Line[]>(media.subtitles)
  const { busy, submit, shown } = useSubmit(async () => {
    const subtitles = lines.filter((s) => s.url.trim() !== '').map(({ url: u, label, language, format }) => ({ url: u.trim(), label, language, format }))
    const changes = item ? { delivery, setSubtitles: true, subtitles, ...(url.trim() && url.trim() !== was ? { url: url.trim() } : {}) } : {}
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
        {item && <Subtitles lines={lines} setLines={setLines} />}
        {shown && <p class="form-error" role="alert">{shown}</p>}
      </form>
    </Dialog>
  )
}

async function findUrl(room: LiveRoom, media: Media): Promise<string> {
  let cursor = ''
  do {
    const page = await room.api.call(MediaService.method.listMedia, { roomId: room.roomId, parentId: media.parentId, page: { limit: 200, cursor } })
    const found = page.media.find((m) => m.id === media.id)
    if (found) return found.url
    cursor = page.page?.nextCursor ?? ''
  } while (cursor)
  return ''
}

function Subtitles({ lines, setLines }: { lines: Line[]; setLines(l: Line[]): void }) {
  const put = (at: number, change: Partial<Line>): void => setLines(lines.map((l, i) => (i === at ? { ...l, ...change } : l)))
  return (
    <fieldset class="field subtitles">
      <legend class="field-label">{t('queue.subtitles')}</legend>
      {lines.map((line, i) => (
        <div key={i} class="subtitle-row">
          <input class="input" type="url" required aria-label={t('queue.subtitleUrl')} placeholder={t('queue.subtitleUrl')} value={line.url} onInput={(e) => put(i, { url: e.currentTarget.value })} />
          <input class="input" aria-label={t('queue.subtitleLabel')} placeholder={t('queue.subtitleLabel')} value={line.label} onInput={(e) => put(i, { label: e.currentTarget.value })} />
          <button type="button" class="icon-btn" aria-label={t('do.delete')} onClick={() => setLines(lines.filter((_, n) => n !== i))}><Icon name="trash" small /></button>
        </div>
      ))}
      <div>
        <button type="button" class="btn slim" onClick={() => setLines([...lines, { url: '', label: '', language: '', format: '' }])}>
          <Icon name="plus" small /> {t('queue.addSubtitle')}
        </button>
      </div>
    </fieldset>
  )
}
