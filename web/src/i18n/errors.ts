import { asApiError } from '../net/errors'
import { t } from './index'
import type { Key } from './index'

const OWN_WORDS: ReadonlySet<string> = new Set([
  'network', 'offline', 'timeout', 'unauthenticated', 'wrong_credentials', 'permission_denied', 'not_found',
  'conflict', 'stale', 'rate_limited', 'unavailable', 'internal', 'wrong_room_password', 'room_full', 'banned',
  'guests_not_allowed', 'registration_closed', 'account_disabled', 'address_not_allowed', 'upstream_failed',
  'unsupported', 'room_closed', 'restarting', 'kicked',
])

/** Of some fields there is more to say than the code alone does, and in the reader's language. */
const FIELD_WORDS: Readonly<Record<string, Exclude<Key & `error.${string}`, WithParams>>> = {
  'invalid_argument username': 'error.usernameShape',
  'conflict username': 'error.usernameTaken',
  'invalid_argument subtitles': 'error.subtitleLinks',
  'invalid_argument text': 'error.danmakuLong',
}

/** One sentence for anything thrown: by code in the reader's language, else the server's own words. */
export function sentence(thrown: unknown): string {
  const e = asApiError(thrown)
  const words = FIELD_WORDS[`${e.code} ${e.field}`]
  if (words) return t(words)
  if (OWN_WORDS.has(e.code)) return t(`error.${e.code}` as Exclude<Key & `error.${string}`, WithParams>)
  if (e.code === 'invalid_argument' || e.code === 'too_large') return t(`error.${e.code}`, { detail: e.message })
  return e.message || t('error.internal')
}

type WithParams = 'error.invalid_argument' | 'error.too_large' | 'error.kickedWhy'
