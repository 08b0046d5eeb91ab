import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { t } from '../i18n'
import { wayBack } from './focus'
import { Icon } from './Icon'

interface Props {
  title: string
  onClose(): void
  wide?: boolean
  foot?: ComponentChildren
  children: ComponentChildren
}

/** A modal dialog: the browser traps focus, Esc and a press beside it close it, focus returns where it was. */
export function Dialog({ title, onClose, wide, foot, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  // With the rendering itself: after the paint the next key would go to what lies behind.
  useLayoutEffect(() => {
    const dialog = ref.current
    const back = wayBack()
    if (dialog && !dialog.open) {
      dialog.showModal()
      // Not the close button: the dialog itself is what is read first.
      if (!dialog.querySelector('[autofocus]')) dialog.focus()
    }
    return () => {
      dialog?.close()
      back()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      tabIndex={-1}
      onCancel={(e) => {
        if (e.target !== ref.current) return
        e.preventDefault()
        onClose()
      }}
      onMouseDown={(e) => {
        if (ref.current && e.target === ref.current && outside(e, ref.current)) onClose()
      }}
      // Keys typed here are nobody else's business.
      onKeyDown={(e) => e.stopPropagation()}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="icon-btn" aria-label={t('do.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
      {foot && <div class="dialog-foot">{foot}</div>}
    </dialog>
  )
}

function outside(e: MouseEvent, dialog: HTMLElement): boolean {
  const box = dialog.getBoundingClientRect()
  return e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom
}
