import type { ErrorInfo } from '../gen/synctv/v1/common_pb'
import type { Playback } from '../gen/synctv/v1/playback_pb'

/** What every call can fail with: the server's ErrorInfo, or one of our own codes ("network", "offline", "timeout"). */
export class ApiError extends Error {
  /** The state as it is, when the refusal was about an outdated view. */
  playback: Playback | undefined

  constructor(
    /** Stable snake_case code. */
    readonly code: string,
    /** One English sentence from the server; pages translate by code. */
    message: string,
    /** The request field it is about, camelCase, or empty. */
    readonly field = '',
    /** A retry makes sense after this long; 0 when it does not. */
    readonly retryAfterMs = 0,
    readonly requestId = '',
  ) {
    super(message)
    this.name = 'ApiError'
  }

  static from(info: ErrorInfo): ApiError {
    return new ApiError(info.code || 'internal', info.message, camel(info.field), info.retryAfterMs, info.requestId)
  }
}

/** Turns anything thrown into an ApiError, so that pages handle one shape. */
export function asApiError(e: unknown): ApiError {
  if (e instanceof ApiError) return e
  return new ApiError('unexpected', e instanceof Error ? e.message : String(e))
}

function camel(field: string): string {
  return field.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase())
}
