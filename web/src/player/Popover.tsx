// A panel above the controls, opened by its button; on a phone it comes up from the bottom.

import { signal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
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
  useEffect(() => {
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

/** A labelled range with its value at the side. */
export function Slide(props: {
  label: string; min: number; max: number; step: number; value: number; text: string
  onInput: (value: number) => void; help?: string
}) {
  const id = useId()
  return (
    <div class="st-field">
      <label for={id}>{props.label}</label>
      <output for={id}>{props.text}</output>
      <input
        id={id} class="st-range" type="range" min={props.min} max={props.max} step={props.step} value={props.value}
        aria-valuetext={props.text} onInput={(e) => props.onInput(Number(e.currentTarget.value))}
        style={{ '--part': `${((props.value - props.min) / (props.max - props.min)) * 100}%` }}
      />
      {props.help && <p class="st-help">{props.help}</p>}
    </div>
  )
}

/** One of a few, side by side. */
export function Choice<T extends string | number>(props: {
  label: string; value: T; options: readonly { value: T; text: string }[]; disabled?: boolean
  onPick: (value: T) => void; help?: string
}) {
  const id = useId()
  return (
    <fieldset class="st-field st-choice" disabled={props.disabled}>
      <legend>{props.label}{props.disabled && <Icon name="lock" />}</legend>
      <div class="st-segments">
        {props.options.map((o) => (
          <label key={o.value}>
            <input type="radio" name={id} checked={o.value === props.value} onChange={() => props.onPick(o.value)} />
            <span>{o.text}</span>
          </label>
        ))}
      </div>
      {props.help && <p class="st-help">{props.help}</p>}
    </fieldset>
  )
}

/** A list of which one is chosen, for longer texts. */
export function List<T extends string | number>(props: {
  label: string; value: T; options: readonly { value: T; text: string; note?: string }[]; onPick: (value: T) => void
  /** The heading above says it already. */
  quiet?: boolean
}) {
  const id = useId()
  return (
    <fieldset class="st-field st-list">
      <legend class={props.quiet ? 'unseen' : ''}>{props.label}</legend>
      {props.options.map((o) => (
        <label key={o.value}>
          <input type="radio" name={id} checked={o.value === props.value} onChange={() => props.onPick(o.value)} />
          <Icon name="check" />
          <span>{o.text}</span>
          {o.note && <small>{o.note}</small>}
        </label>
      ))}
    </fieldset>
  )
}

/** On or off. */
export function Toggle(props: { label: string; on: boolean; onChange: (on: boolean) => void; help?: string }) {
  return (
    <label class="st-toggle">
      <span>{props.label}{props.help && <small>{props.help}</small>}</span>
      <input type="checkbox" role="switch" checked={props.on} onChange={(e) => props.onChange(e.currentTarget.checked)} />
    </label>
  )
}
