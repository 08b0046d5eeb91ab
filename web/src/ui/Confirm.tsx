import { signal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { sentence } from '../i18n/errors'
import { t } from '../i18n'
import { Dialog } from './Dialog'

interface Question {
  title: string
  text: string
  /** Word on the button that does it. */
  action: string
  danger?: boolean
  /** Asks for a line of text, for example a reason; label of the field. */
  ask?: string
  /** The deed may go on only when exactly this was typed. */
  typed?: string
  run(answer: string): Promise<unknown>
}

const question = signal<Question | null>(null)

/** Asks before something that cannot be undone. The dialog stays open, with the reason, when it fails. */
export function confirm(q: Question): void {
  question.value = q
}

/** Mount once. */
export function ConfirmHost() {
  const q = question.value
  return q && <Asking key={q.title} q={q} />
}

function Asking({ q }: { q: Question }) {
  const [answer, setAnswer] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const form = useRef<HTMLFormElement>(null)
  const close = (): void => {
    question.value = null
  }
  const ready = q.typed === undefined || answer.trim() === q.typed
  // Enter in the field comes here too, whatever the button says.
  const run = async (e: Event): Promise<void> => {
    e.preventDefault()
    if (busy || !ready) return
    setBusy(true)
    setError(null)
    try {
      await q.run(answer.trim())
      close()
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  const label = q.ask ?? q.typed
  const foot = (
    <>
      <button type="button" class="btn quiet" onClick={close}>
        {t('do.cancel')}
      </button>
      <button
        type="button"
        class={q.danger ? 'btn danger primary' : 'btn primary'}
        disabled={busy || !ready}
        onClick={() => form.current?.requestSubmit()}
      >
        {q.action}
      </button>
    </>
  )
  return (
    <Dialog title={q.title} onClose={close} foot={foot}>
      <form ref={form} class="stack" onSubmit={run}>
        {q.text && <p class="muted">{q.text}</p>}
        {label !== undefined && (
          <label class="field">
            <span class="field-label">{label}</span>
            <input class="input" autoFocus autoComplete="off" maxLength={200} value={answer} onInput={(e) => setAnswer(e.currentTarget.value)} />
          </label>
        )}
        {error !== null && <p class="form-error" role="alert">{sentence(error)}</p>}
      </form>
    </Dialog>
  )
}
