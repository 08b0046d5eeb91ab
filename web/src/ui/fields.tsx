import { useId } from 'preact/hooks'

interface InputProps {
  type?: 'text' | 'password' | 'url' | 'number' | 'search'
  name?: string
  autoComplete?: string
  maxLength?: number
  minLength?: number
  min?: number
  max?: number
  required?: boolean
  disabled?: boolean
  placeholder?: string
  autoFocus?: boolean
  autoCapitalize?: 'off' | 'words'
  spellcheck?: boolean
}

interface TextFieldProps extends InputProps {
  label: string
  value: string
  onValue(v: string): void
  note?: string
  /** What is wrong with it; shown and announced. */
  wrong?: string | undefined
}

/** A labelled line of text with its note and its error. */
export function TextField({ label, value, onValue, note, wrong, ...input }: TextFieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...(input as object)}
        id={id}
        class="input"
        value={value}
        aria-invalid={wrong ? true : undefined}
        aria-describedby={wrong || note ? `${id}n` : undefined}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
      {wrong ? <p class="wrong" id={`${id}n`} role="alert">{wrong}</p> : note && <p class="note" id={`${id}n`}>{note}</p>}
    </div>
  )
}

interface ChoiceProps<T extends string | number> {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onValue(v: T): void
  disabled?: boolean
  note?: string
}

/** One of a few, side by side. */
export function Segments<T extends string | number>({ label, value, options, onValue, disabled, note }: ChoiceProps<T>) {
  const name = useId()
  return (
    <div class="field" role="radiogroup" aria-labelledby={`${name}l`}>
      <span class="field-label" id={`${name}l`}>{label}</span>
      <div class="segments">
        {options.map(([key, text]) => (
          <label key={key}>
            <input type="radio" name={name} checked={key === value} disabled={disabled ?? false} onChange={() => onValue(key)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
      {note && <p class="note">{note}</p>}
    </div>
  )
}

/** One of several, in the system's own list. */
export function Select<T extends string | number>({ label, value, options, onValue, disabled, note }: ChoiceProps<T>) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        disabled={disabled ?? false}
        value={String(value)}
        onChange={(e) => {
          const picked = options.find(([key]) => String(key) === e.currentTarget.value)
          if (picked) onValue(picked[0])
        }}
      >
        {options.map(([key, text]) => (
          <option key={key} value={String(key)}>{text}</option>
        ))}
      </select>
      {note && <p class="note">{note}</p>}
    </div>
  )
}

/** On or off, at once. */
export function Switch({ label, value, onValue, disabled }: { label: string; value: boolean; onValue(v: boolean): void; disabled?: boolean }) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={value} disabled={disabled ?? false} onChange={(e) => onValue(e.currentTarget.checked)} />
      <span class="grow">{label}</span>
    </label>
  )
}
