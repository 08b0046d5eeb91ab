// A panel above the controls, opened by its button; on a phone it comes up from the bottom.

import { signal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon, type IconName } from './icons'
import { say } from './strings'

/** Name of the open panel of one stage, "" when none is. */
export type OpenMenu = Signal<string>
export const openMenu = (): OpenMenu => signal('')

export interface PopoverProps {
  menu: OpenMenu
  name: string
  title: string
  icon?: IconName
  /** What the button shows instead of an icon. */
  face?: ComponentChildren
  class?: string
  children: () => ComponentChildren
}

export function Popover(props: PopoverProps) {
  const { menu, name } = props
  const open = menu.value === name
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  const id = useId()
  // With the rendering itself: the next key is the panel's.
  useLayoutEffect(() => {
    if (!open) return
    panel.current?.focus()
    const outside = (e: Event) => {
      if (!root.current?.contains(e.target as Node)) menu.value = ''
    }
    const onKey = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return
      e.stopPropagation()
      menu.value = ''
      button.current?.focus()
    }
    document.addEventListener('pointerdown', outside, true)
    const layer = panel.current
    layer?.addEventListener('keydown', onKey)
    return () => {
      document.removeEventListener('pointerdown', outside, true)
      layer?.removeEventListener('keydown', onKey)
    }
  }, [open, menu])
  return (
    <div class="st-pop" ref={root}>
      <button
        type="button" ref={button} class={props.class ?? 'st-btn'} aria-label={props.face ? undefined : props.title}
        title={props.title} aria-haspopup="dialog" aria-expanded={open} aria-controls={id}
        onClick={() => (menu.value = open ? '' : name)}
      >
        {props.face ?? <Icon name={props.icon ?? 'settings'} />}
      </button>
      {open && (
        <div class="st-panel" id={id} ref={panel} role="dialog" aria-label={props.title} tabIndex={-1} data-layer>
          <header class="st-panel-head">
            <h2>{props.title}</h2>
            <button type="button" class="st-btn" aria-label={say('close')} onClick={() => { menu.value = ''; button.current?.focus() }}>
              <Icon name="close" />
            </button>
          </header>
          {props.children()}
        </div>
      )}
    </div>
  )
}
