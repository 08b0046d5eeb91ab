// Where an encoder connects: server, key, and how it is told to OBS and ffmpeg.

import { useId, useRef, useState } from 'preact/hooks'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import { confirm } from '../ui/Confirm'
import { toClipboard } from '../ui/copy'
import { Icon } from '../ui/Icon'
import { toast } from '../ui/Toasts'
import { tell } from './words'

interface Props {
  stream: Stream
  /** The key that was just made; "" when it was shown before. */
  secret: string
  rotate(): Promise<void>
}

export function Encoder({ stream, secret, rotate }: Props) {
  const [way, setWay] = useState<'obs' | 'ffmpeg'>('obs')
  const name = useId()
  const server = stream.ingest?.rtmpServer || stream.ingest?.rtmpsServer || ''
  if (!server) return <p class="form-error">{tell('off')}</p>
  return (
    <section class="go-encoder" aria-label={tell('how')}>
      <div class="segments go-ways" role="radiogroup" aria-label={tell('how')}>
        {(['obs', 'ffmpeg'] as const).map((w) => (
          <label key={w}>
            <input type="radio" name={name} checked={way === w} onChange={() => setWay(w)} />
            <span>{w === 'obs' ? 'OBS Studio' : 'ffmpeg'}</span>
          </label>
        ))}
      </div>
      {way === 'obs' ? (
        <ol class="go-steps">
          <li>
            <p>{tell('obs1')}</p>
            <CopyField label={tell('server')} value={server} />
            <Key secret={secret} rotate={rotate} />
          </li>
          <li><p>{tell('obs2')}</p></li>
          <li><p>{tell('obs3')}</p></li>
        </ol>
      ) : (
        <div class="stack">
          <Key secret={secret} rotate={rotate} />
          <Command server={server} secret={secret} />
        </div>
      )}
    </section>
  )
}

/** A line that is read and copied, not written. */
export function CopyField({ label, value, hidden }: { label: string; value: string; hidden?: boolean }) {
  const id = useId()
  const box = useRef<HTMLInputElement>(null)
  const [shown, setShown] = useState(!hidden)
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="go-copy">
        <input
          ref={box} id={id} class="input mono" readOnly spellcheck={false} autoComplete="off" {...({ type: shown ? 'text' : 'password' } as object)} value={value}
          onFocus={(e) => e.currentTarget.select()}
        />
        {hidden && (
          <button type="button" class="icon-btn" aria-pressed={shown} aria-label={tell(shown ? 'hide' : 'reveal')} title={tell(shown ? 'hide' : 'reveal')} onClick={() => setShown(!shown)}>
            <Icon name="eye" />
          </button>
        )}
        <CopyButton what={label} text={value} box={() => box.current} />
      </div>
    </div>
  )
}

function CopyButton({ what, text, box }: { what: string; text: string; box?: () => HTMLInputElement | null }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    if (!(await toClipboard(text, box?.() ?? null))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 2500)
  }
  return (
    <>
      <button type="button" class={`icon-btn${copied ? ' go-copied' : ''}`} aria-label={tell('copy', { what })} title={tell('copy', { what })} onClick={() => void copy()}>
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
      <span class="unseen" role="status">{copied ? tell('copied') : ''}</span>
    </>
  )
}

function Key({ secret, rotate }: Pick<Props, 'secret' | 'rotate'>) {
  const ask = (): void =>
    confirm({
      title: tell('newKey'), text: tell('newKeyAsk'), action: tell('newKey'),
      run: async () => {
        await rotate()
        toast(tell('keyMade'))
      },
    })
  if (!secret) {
    return (
      <div class="field">
        <span class="field-label">{tell('key')}</span>
        <div class="go-nokey">
          <p>{tell('keyGone')}</p>
          <button type="button" class="btn slim" onClick={ask}>{tell('newKey')}</button>
        </div>
      </div>
    )
  }
  return (
    <div class="stack go-key">
      <CopyField key={secret} label={tell('key')} value={secret} hidden />
      <p class="muted small">{tell('keyOnce')}</p>
    </div>
  )
}

function Command({ server, secret }: { server: string; secret: string }) {
  const command = (key: string) => `ffmpeg -re -i film.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac -f flv "${server}/${key}"`
  return (
    <div class="stack go-key">
      <div class="go-command">
        <pre tabIndex={0} aria-label={tell('command')}>{command(secret ? '••••••••' : 'KEY')}</pre>
        <CopyButton what={tell('command')} text={command(secret || 'KEY')} />
      </div>
      <p class="muted small">{tell('ffmpegText')}</p>
    </div>
  )
}
