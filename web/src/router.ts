// Addresses of the page. The site may live under any path, so everything is
// relative to the document's base.
import { computed, signal } from '@preact/signals'

/** Where the page lives, for example "/" or "/tv/". */
export const base = new URL(document.baseURI).pathname.replace(/[^/]*$/, '')

const place = signal(read())
/** The path below the base, beginning with "/". */
export const path = computed(() => place.value)

/** Changes with every go(); a page may keep its scroll position by it. */
export type Route =
  | { page: 'home' | 'login' | 'register' | 'setup' | 'me' | 'users' | 'none' }
  | { page: 'join'; code: string }
  | { page: 'stream'; streamId: string }
  | { page: 'room'; roomId: string; settings: boolean }

export const route = computed<Route>(() => parse(path.value))

/** The page a path leads to. */
export function parse(where: string): Route {
  const parts = where.split('/').filter(Boolean).map(decode)
  const [first = '', second, third] = parts
  if (parts.length === 0) return { page: 'home' }
  if (first === 'j' && second && parts.length === 2) return { page: 'join', code: second }
  if (first === 's' && second && parts.length === 2) return { page: 'stream', streamId: second }
  if (first === 'r' && second) {
    if (parts.length === 2) return { page: 'room', roomId: second, settings: false }
    if (parts.length === 3 && third === 'settings') return { page: 'room', roomId: second, settings: true }
  }
  if (parts.length === 1) {
    const simple = (['login', 'register', 'setup', 'me', 'users'] as const).find((p) => p === first)
    if (simple) return { page: simple }
  }
  return { page: 'none' }
}

/** Goes to a path such as "/r/room_1"; replace leaves no trace in the history. */
export function go(to: string, replace = false): void {
  const url = href(to)
  if (replace) history.replaceState(history.state, '', url)
  else history.pushState({ from: place.peek() }, '', url)
  place.value = read()
}

/** Closes what was opened at an address of its own: back when we came from there, so that Back does not lead to the same page again. */
export function leave(to: string): void {
  if ((history.state as { from?: string } | null)?.from === to) history.back()
  else go(to, true)
}

/** The real address of a path, for links. */
export function href(to: string): string {
  return base + to.replace(/^\//, '')
}

/** A full link that others can open. */
export function share(to: string): string {
  return location.origin + href(to)
}

/** Follows back, forward, and clicks on our own links. Call once. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    place.value = read()
  })
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const a = (e.target as Element).closest?.('a[href]')
    if (!(a instanceof HTMLAnchorElement) || a.target || a.hasAttribute('download')) return
    if (a.origin !== location.origin || !a.pathname.startsWith(base)) return
    e.preventDefault()
    go(`/${a.pathname.slice(base.length)}${a.search}`)
    scrollTo(0, 0)
  })
}

function read(): string {
  const p = location.pathname
  return p.startsWith(base) ? `/${p.slice(base.length)}` : p
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
