// Where identity lives. The account's access token is only ever in memory; its
// refresh token is in localStorage and rotates. A guest's token is bound to one
// room, so each room has its own entry.
import type { Tokens } from '../gen/synctv/v1/auth_pb'

const REFRESH = 'synctv.refresh'
const GUEST = 'synctv.guest.'

/** The part of Storage this needs; tests pass a Map-backed one. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export interface GuestPass {
  token: string
  id: string
  name: string
}

/** How two tabs agree that only one of them rotates the refresh token at a time. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>

const acrossTabs: Exclusive = (work) => {
  const locks = globalThis.navigator?.locks
  return locks ? (locks.request('synctv.refresh', work) as ReturnType<typeof work>) : work()
}

export class TokenBox {
  private access = ''
  private expiresAt = 0
  private flight: Promise<string> | null = null

  constructor(
    private readonly store: Store,
    private readonly rotate: (refreshToken: string) => Promise<Tokens>,
    private readonly onAccount: (tokens: Tokens | null) => void,
    private readonly now: () => number = Date.now,
    private readonly exclusive: Exclusive = acrossTabs,
  ) {}

  /** True when an account is, as far as this browser knows, signed in. */
  signedIn(): boolean {
    return this.access !== '' || this.store.getItem(REFRESH) !== null
  }

  guest(roomId: string): GuestPass | null {
    const raw = this.store.getItem(GUEST + roomId)
    if (!raw) return null
    try {
      const pass = JSON.parse(raw) as Partial<GuestPass>
      return pass.token ? { token: pass.token, id: pass.id ?? '', name: pass.name ?? '' } : null
    } catch {
      return null
    }
  }

  forgetGuest(roomId: string): void {
    this.store.removeItem(GUEST + roomId)
  }

  /** Takes the tokens of a login, a registration, a refresh or a guest's arrival. */
  accept(tokens: Tokens): void {
    if (tokens.guest) {
      const { id, name, roomId } = tokens.guest
      this.store.setItem(GUEST + roomId, JSON.stringify({ token: tokens.accessToken, id, name }))
      return
    }
    this.access = tokens.accessToken
    // A little early, so that a token never expires on its way.
    this.expiresAt = this.now() + Math.max(5, tokens.expiresIn - 20) * 1000
    if (tokens.refreshToken) this.store.setItem(REFRESH, tokens.refreshToken)
    this.onAccount(tokens)
  }

  clearAccount(): void {
    this.access = ''
    this.expiresAt = 0
    this.store.removeItem(REFRESH)
    this.onAccount(null)
  }

  /** The bearer token for a call about a room (or about none); empty for a stranger. */
  async bearer(roomId?: string): Promise<string> {
    if (this.access && this.now() < this.expiresAt) return this.access
    if (this.store.getItem(REFRESH)) return this.refresh()
    return roomId ? (this.guest(roomId)?.token ?? '') : ''
  }

  /** Rotates now; every caller meanwhile shares the one flight. Empty when the account is gone. */
  refresh(): Promise<string> {
    this.flight ??= this.exclusive(() => this.rotateOnce()).finally(() => {
      this.flight = null
    })
    return this.flight
  }

  private async rotateOnce(): Promise<string> {
    // Read inside the lock: another tab may have rotated while this one waited.
    const refreshToken = this.store.getItem(REFRESH)
    if (!refreshToken) {
      this.clearAccount()
      return ''
    }
    try {
      this.accept(await this.rotate(refreshToken))
      return this.access
    } catch (e) {
      // Only a plain refusal ends the session; a server that is away does not.
      if ((e as { code?: string }).code !== 'unauthenticated') throw e
      this.clearAccount()
      return ''
    }
  }
}
