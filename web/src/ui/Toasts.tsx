import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { t } from '../i18n'
import { sentence } from '../i18n/errors'
import { Icon } from './Icon'

interface Toast {
  id: number
  text: string
  bad: boolean
  action: { label: string; run(): void } | undefined
}

const toasts = signal<readonly Toast[]>([])
/** More at once is noise. */
const MOST = 3
const STAY_MS = 6000
let ids = 0

interface Options {
  bad?: boolean
  action?: { label: string; run(): void }
  /** Called when it went away without its action. */
  onGone?(): void
  stayMs?: number
}

/** A short word at the edge of the screen, read politely by screen readers. Returns what takes it away. */
export function toast(text: string, options: Options = {}): () => void {
  const id = ++ids
  let acted = false
  const drop = (): void => {
    if (!toasts.peek().some((x) => x.id === id)) return
    toasts.value = toasts.peek().filter((x) => x.id !== id)
    if (!acted) options.onGone?.()
  }
  const { action } = options
  const wrapped = action && {
    label: action.label,
    run: () => {
      acted = true
      drop()
      action.run()
    },
  }
  const overflow = toasts.peek().slice(0, -MOST + 1)
  toasts.value = [...toasts.peek(), { id, text, bad: options.bad ?? false, action: wrapped }]
  for (const old of overflow) gone.get(old.id)?.()
  gone.set(id, drop)
  setTimeout(() => {
    drop()
    gone.delete(id)
  }, options.stayMs ?? STAY_MS)
  return drop
}

const gone = new Map<number, () => void>()

/** The page goes, and with it the chance to take anything back: what waits for that is done now. */
function flush(): void {
  for (const drop of [...gone.values()]) drop()
}

/** Says what failed, in the reader's language. */
export function fail(thrown: unknown): void {
  toast(sentence(thrown), { bad: true })
}

/** Runs something for a button: failures become toasts. */
export function attempt(work: () => Promise<unknown>): void {
  work().catch(fail)
}

/** Mount once. */
export function ToastHost() {
  useEffect(() => {
    addEventListener('pagehide', flush)
    return () => removeEventListener('pagehide', flush)
  }, [])
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((x) => (
        <div key={x.id} class={x.bad ? 'toast bad' : 'toast'}>
          <p class="grow">{x.text}</p>
          {x.action && (
            <button type="button" class="btn" onClick={x.action.run}>
              {x.action.label}
            </button>
          )}
          <button type="button" class="icon-btn tiny" aria-label={t('do.close')} onClick={() => gone.get(x.id)?.()}>
            <Icon name="close" small />
          </button>
        </div>
      ))}
    </div>
  )
}
