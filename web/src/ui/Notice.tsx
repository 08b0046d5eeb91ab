import type { ComponentChildren } from 'preact'
import { t } from '../i18n'
import { Icon } from './Icon'
import type { IconName } from './Icon'

interface Props {
  icon?: IconName
  title: string
  text?: string
  children?: ComponentChildren
}

/** A whole page that says one thing and offers one thing to do. */
export function Notice({ icon, title, text, children }: Props) {
  return (
    <div class="notice">
      {icon && <span class="notice-sign"><Icon name={icon} /></span>}
      <h1>{title}</h1>
      {text && <p>{text}</p>}
      {children}
    </div>
  )
}

export function Loading({ text }: { text?: string }) {
  return (
    <div class="notice" role="status">
      <span class="spinner" />
      <p>{text ?? t('is.loading')}</p>
    </div>
  )
}
