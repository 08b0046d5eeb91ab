// What can be wrong with an address, in the terms a viewer can act on.

/** Why a variant does not play. */
export type FaultKind = 'codec' | 'expired' | 'blocked' | 'missing' | 'unreachable'

export interface Fault {
  kind: FaultKind
  /** HTTP status, when there was one. */
  status?: number
}

/** What an HTTP status means for a player. */
export function faultOfStatus(status: number): Fault {
  if (status === 401 || status === 403 || status === 410) return { kind: 'expired', status }
  if (status === 451) return { kind: 'blocked', status }
  if (status === 404) return { kind: 'missing', status }
  return { kind: 'unreachable', status }
}

/** Asks an address for its first byte, to tell a broken link from a codec nobody here knows. */
export async function diagnose(url: string): Promise<Fault> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), 5000)
  try {
    const answer = await fetch(url, { headers: { range: 'bytes=0-0' }, signal: stop.signal })
    void answer.body?.cancel()
    if (!answer.ok) return faultOfStatus(answer.status)
    // A page in place of a film: the host's polite way of saying that nothing is there.
    return { kind: /^text\/html/i.test(answer.headers.get('content-type') ?? '') ? 'missing' : 'codec' }
  } catch {
    const mixed = location.protocol === 'https:' && /^http:/i.test(url)
    return { kind: mixed ? 'blocked' : 'unreachable' }
  } finally {
    clearTimeout(timer)
  }
}
