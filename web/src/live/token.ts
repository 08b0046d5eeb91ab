import type { Source } from '../gen/synctv/v1/media_pb'

/** The play token in a source's addresses, "" when there is none. */
export function tokenOf(source: Source): string {
  const query = source.variants[0]?.url.split('?')[1] ?? ''
  return new URLSearchParams(query).get('token') ?? ''
}
