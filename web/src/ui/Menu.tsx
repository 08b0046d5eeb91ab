import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { wayBack } from './focus'
import { Icon } from './Icon'
import type { IconName } from './Icon'

interface Props {
  /** Name of the button for screen readers. */
  label: string
  /** Face of the button; three dots when absent. */
  face?: ComponentChildren
  faceClass?: string
  children: ComponentChildren
}

/** A button that opens a menu: arrows move, Esc and a press elsewhere close, focus returns. */
export function Menu({ label, face, faceClass, children }: Props) {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <>
      <button
        ref={button}
        type="button"
        class={faceClass ?? 'icon-btn tiny'}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {face ?? <Icon name="more" small />}
      </button>
      {open && (
        <MenuBox anchor={button.current} label={label} onClose={() => setOpen(false)}>
          {children}
        </MenuBox>
      )}
    </>
  )
}

interface BoxProps {
  anchor: HTMLElement | null
  label: string
  onClose(): void
  children: ComponentChildren
}

function MenuBox({ anchor, label, onClose, children }: BoxProps) {
  const box = useRef<HTMLDivElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const back = wayBack(anchor)
    el.showPopover?.()
    place(el, anchor)
    items(el)[0]?.focus({ preventScroll: true })
    const onToggle = (e: Event): void => {
      if ((e as ToggleEvent).newState === 'closed') onClose()
    }
    el.addEventListener('toggle', onToggle)
    return () => {
      el.removeEventListener('toggle', onToggle)
      const inside = el.contains(document.activeElement) || document.activeElement === document.body
      if (inside) back()
    }
  }, [])
  return (
    <div
      ref={box}
      id={id}
      class="menu"
      popover="auto"
      role="menu"
      aria-label={label}
      onClick={(e) => {
        if ((e.target as Element).closest('[role="menuitem"]')) onClose()
      }}
      onKeyDown={(e) => onKey(e, box.current, onClose)}
    >
      {children}
    </div>
  )
}

function items(el: HTMLElement): HTMLElement[] {
  return [...el.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled), input, select')]
}

function onKey(e: KeyboardEvent, el: HTMLElement | null, onClose: () => void): void {
  e.stopPropagation()
  if (!el) return
  if (e.key === 'Escape' || e.key === 'Tab') {
    if (e.key === 'Escape') e.preventDefault()
    onClose()
    return
  }
  if (e.target instanceof HTMLSelectElement || e.target instanceof HTMLInputElement) return
  const all = items(el)
  const at = all.indexOf(document.activeElement as HTMLElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key]
  if (to === undefined) return
  e.preventDefault()
  all[(to + all.length) % all.length]?.focus()
}

/** Under the button and inside the window; above it when there is no room below. */
function place(el: HTMLElement, anchor: HTMLElement | null): void {
  if (!anchor) return
  const a = anchor.getBoundingClientRect()
  const { width, height } = el.getBoundingClientRect()
  const below = a.bottom + 6
  const top = below + height > innerHeight - 8 ? Math.max(8, a.top - height - 6) : below
  const left = Math.min(Math.max(8, a.right - width), innerWidth - width - 8)
  el.style.top = `${top}px`
  el.style.left = `${left}px`
}

interface ItemProps {
  icon?: IconName
  danger?: boolean
  disabled?: boolean
  onPick?(): void
  href?: string
  children: ComponentChildren
}

export function MenuItem({ icon, danger, disabled, onPick, href, children }: ItemProps) {
  const cls = danger ? 'menu-item danger' : 'menu-item'
  const inner = (
    <>
      {icon && <Icon name={icon} small />}
      <span class="grow">{children}</span>
    </>
  )
  if (href) {
    return (
      <a class={cls} role="menuitem" tabIndex={-1} href={href}>
        {inner}
      </a>
    )
  }
  return (
    <button type="button" class={cls} role="menuitem" tabIndex={-1} disabled={disabled ?? false} onClick={onPick}>
      {inner}
    </button>
  )
}
