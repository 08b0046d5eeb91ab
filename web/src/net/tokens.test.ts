import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { TokensSchema } from '../gen/synctv/v1/auth_pb'
import type { Tokens } from '../gen/synctv/v1/auth_pb'
import { ApiError } from './errors'
import { TokenBox } from './tokens'
import type { Store } from './tokens'

function memory(): Store & { map: Map<string, string> } {
  const map = new Map<string, string>()
  return {
    map,
    getItem: (k) => map.get(k) ?? null,
    setItem: (k, v) => void map.set(k, v),
    removeItem: (k) => void map.delete(k),
  }
}

function box(rotate: (r: string) => Promise<Tokens>, now = { ms: 0 }) {
  const store = memory()
  const seen: (Tokens | null)[] = []
  const tokens = new TokenBox(store, rotate, (x) => seen.push(x), () => now.ms, (work) => work())
  return { store, seen, tokens, now }
}

const made = (n: number) => create(TokensSchema, { accessToken: `a${n}`, refreshToken: `r${n}`, expiresIn: 900 })

describe('TokenBox', () => {
  it('rotates once for many callers, and only when the token is old', async () => {
    let n = 1
    const { tokens, now, store } = box(async () => made(++n))
    tokens.accept(made(1))
    expect(await tokens.bearer()).toBe('a1')
    now.ms = 890_000
    expect(await Promise.all([tokens.bearer(), tokens.bearer(), tokens.bearer()])).toEqual(['a2', 'a2', 'a2'])
    expect(store.map.get('synctv.refresh')).toBe('r2')
  })

  it('reads the refresh token when its turn comes, as another tab may have rotated it', async () => {
    const used: string[] = []
    const { tokens, store } = box(async (r) => {
      used.push(r)
      return made(3)
    })
    store.map.set('synctv.refresh', 'r-other')
    expect(await tokens.bearer()).toBe('a3')
    expect(used).toEqual(['r-other'])
  })

  it('signs out on a refusal, not on an outage', async () => {
    let error = new ApiError('network', 'away')
    const { tokens, store, seen } = box(async () => {
      throw error
    })
    store.map.set('synctv.refresh', 'r1')
    await expect(tokens.bearer()).rejects.toMatchObject({ code: 'network' })
    expect(tokens.signedIn()).toBe(true)
    error = new ApiError('unauthenticated', 'used twice')
    expect(await tokens.bearer()).toBe('')
    expect(tokens.signedIn()).toBe(false)
    expect(seen).toEqual([null])
  })

  it('keeps a guest apart per room, and prefers the account', async () => {
    const { tokens } = box(async () => made(2))
    tokens.accept(create(TokensSchema, { accessToken: 'g', guest: { id: 'gst_1', name: 'Mia', roomId: 'room_1' } }))
    expect(await tokens.bearer('room_1')).toBe('g')
    expect(await tokens.bearer('room_2')).toBe('')
    tokens.accept(made(1))
    expect(await tokens.bearer('room_1')).toBe('a1')
  })
})
