// Who is here and what this server allows: the few things every page needs.
import { computed, signal } from '@preact/signals'
import { UserRole } from './gen/synctv/v1/common_pb'
import { ServerService } from './gen/synctv/v1/server_pb'
import type { ServerInfo } from './gen/synctv/v1/server_pb'
import { UserService } from './gen/synctv/v1/users_pb'
import type { User } from './gen/synctv/v1/users_pb'
import { Api } from './net/api'
import { base } from './router'

/** The signed-in account; null for a stranger or a guest. */
export const user = signal<User | null>(null)
/** What the server allows; null until it answered. */
export const server = signal<ServerInfo | null>(null)
/** False until we know whether an account is signed in. */
export const ready = signal(false)
/** Why the first contact failed, for the page to show with a retry. */
export const unreachable = signal<unknown>(null)

export const isAdmin = computed(() => (user.value?.role ?? UserRole.UNSPECIFIED) >= UserRole.ADMIN)

export const api = new Api({
  fetch: (input, init) => fetch(input, init),
  store: localStorage,
  base,
  onAccount: (tokens) => {
    user.value = tokens?.user ?? null
  },
})

/** First contact: what the server is, and who we are. */
export async function startSession(): Promise<void> {
  unreachable.value = null
  try {
    const [info] = await Promise.all([api.open(ServerService.method.getServer, {}), whoAmI()])
    server.value = info
    ready.value = true
  } catch (e) {
    unreachable.value = e
  }
}

async function whoAmI(): Promise<void> {
  if (!api.tokens.signedIn()) return
  if (!(await api.tokens.bearer())) return
  if (!user.peek()) user.value = await api.call(UserService.method.getMe, {})
}
