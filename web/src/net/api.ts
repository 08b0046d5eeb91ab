// The REST client: one function for every method of the contract. Types,
// routes and codecs all come from the generated descriptors.
import { fromJson, toJson, create } from '@bufbuild/protobuf'
import type { DescMessage, DescMethodUnary, JsonValue, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { AuthService } from '../gen/synctv/v1/auth_pb'
import type { Tokens } from '../gen/synctv/v1/auth_pb'
import { ErrorInfoSchema } from '../gen/synctv/v1/common_pb'
import { ApiError } from './errors'
import { fillRoute, routeOf, toQuery } from './routes'
import { TokenBox } from './tokens'
import type { Store } from './tokens'

export interface ApiDeps {
  fetch: typeof fetch
  store: Store
  /** Where the page lives, ending in "/"; routes are appended. */
  base: string
  /** Called whenever the account changes; null when it is gone. */
  onAccount(tokens: Tokens | null): void
  now?: () => number
}

type Unary<I extends DescMessage, O extends DescMessage> = DescMethodUnary<I, O>

const TIMEOUT_MS = 20_000

export class Api {
  readonly tokens: TokenBox

  constructor(private readonly deps: ApiDeps) {
    this.tokens = new TokenBox(
      deps.store,
      (refreshToken) => this.send(AuthService.method.refresh, { refreshToken }, ''),
      deps.onAccount,
      deps.now,
    )
  }

  /** Calls a method as the signed-in account, or as the room's guest when the request names a room. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: Unary<I, O>,
    init: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const roomId = (init as { roomId?: string }).roomId
    const bearer = await this.tokens.bearer(roomId)
    try {
      return await this.send(method, init, bearer)
    } catch (e) {
      const stale = e instanceof ApiError && e.code === 'unauthenticated' && bearer !== ''
      if (!stale) throw e
      if (this.tokens.signedIn()) {
        const fresh = await this.tokens.refresh()
        if (fresh) return this.send(method, init, fresh)
      } else if (roomId) {
        this.tokens.forgetGuest(roomId)
      }
      throw e
    }
  }

  /** Calls a method without any identity. */
  open<I extends DescMessage, O extends DescMessage>(
    method: Unary<I, O>,
    init: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return this.send(method, init, '')
  }

  /** Signs in by any of the methods that answer with tokens. */
  async signIn<I extends DescMessage>(
    method: Unary<I, typeof AuthService.method.login.output>,
    init: MessageInitShape<I>,
    withBearer = false,
  ): Promise<Tokens> {
    const tokens = withBearer ? await this.call(method, init) : await this.open(method, init)
    this.tokens.accept(tokens)
    return tokens
  }

  async signOut(everywhere = false): Promise<void> {
    try {
      await this.call(AuthService.method.logout, { everywhere })
    } finally {
      this.tokens.clearAccount()
    }
  }

  private async send<I extends DescMessage, O extends DescMessage>(
    method: Unary<I, O>,
    init: MessageInitShape<I>,
    bearer: string,
  ): Promise<MessageShape<O>> {
    const route = routeOf(method)
    const json = toJson(method.input, create(method.input, init)) as Record<string, unknown>
    const { path, rest } = fillRoute(route, json)
    const query = route.body ? [] : toQuery(rest)
    const url = this.deps.base + path.slice(1) + (query.length > 0 ? `?${query.join('&')}` : '')
    const headers: Record<string, string> = { accept: 'application/json' }
    if (bearer) headers['authorization'] = `Bearer ${bearer}`
    if (route.body) headers['content-type'] = 'application/json'
    const answer = await this.fetch(url, {
      method: route.verb,
      headers,
      body: route.body ? JSON.stringify(rest) : null,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // What was deleted stays deleted, even if its page is left at the same moment.
      keepalive: route.verb === 'DELETE',
    })
    const value = await readJson(answer)
    if (!answer.ok) throw toError(answer, value)
    return fromJson(method.output, value ?? {}, { ignoreUnknownFields: true })
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.deps.fetch(url, init)
    } catch (e) {
      const timeout = e instanceof DOMException && e.name === 'TimeoutError'
      throw new ApiError(timeout ? 'timeout' : 'network', 'The server could not be reached. Check the connection and try again.')
    }
  }
}

async function readJson(answer: Response): Promise<JsonValue | undefined> {
  try {
    return (await answer.json()) as JsonValue
  } catch {
    return undefined
  }
}

const BY_STATUS: Record<number, string> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  429: 'rate_limited',
  503: 'unavailable',
}

function toError(answer: Response, value: JsonValue | undefined): ApiError {
  try {
    const info = fromJson(ErrorInfoSchema, value ?? {}, { ignoreUnknownFields: true })
    if (info.code) return ApiError.from(info)
  } catch {
    // Not our shape: a proxy in between answered.
  }
  const seconds = Number(answer.headers.get('retry-after')) || 0
  return new ApiError(BY_STATUS[answer.status] ?? 'internal', `The server answered with ${answer.status}.`, '', seconds * 1000)
}
