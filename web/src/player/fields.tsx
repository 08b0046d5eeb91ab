// The kinds of choices a panel offers.

import { useId } from 'preact/hooks'
import { Icon } from './icons'

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
