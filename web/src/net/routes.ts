// REST routes come from the contract itself: every method carries the
// google.api.http option, and this reads the three fields of it that we use.
// https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
import type { DescMethod } from '@bufbuild/protobuf'

export type Verb = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'

export interface Route {
  verb: Verb
  /** Path template, for example "/api/v1/rooms/{room_id}". */
  template: string
  /** True when the fields that are not in the path travel as a JSON body. */
  body: boolean
}

const HTTP_OPTION = 72295728
const VERBS: Record<number, Verb> = { 2: 'GET', 3: 'PUT', 4: 'POST', 5: 'DELETE', 6: 'PATCH' }
const BODY = 7

const known = new WeakMap<DescMethod, Route>()

/** The REST route of a method. Throws for a method that has none. */
export function routeOf(method: DescMethod): Route {
  let route = known.get(method)
  if (!route) {
    const option = method.proto.options?.$unknown?.find((f) => f.no === HTTP_OPTION)
    route = option && parseHttpRule(option.data)
    if (!route) throw new Error(`${method.name} has no REST route`)
    known.set(method, route)
  }
  return route
}

/** Reads a length-prefixed HttpRule message. */
function parseHttpRule(bytes: Uint8Array): Route | undefined {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; at < bytes.length && shift < 28; shift += 7) {
      const b = bytes[at++] ?? 0
      value |= (b & 0x7f) << shift
      if (b < 0x80) break
    }
    return value
  }
  const end = Math.min(bytes.length, varint() + at)
  const text = new TextDecoder()
  let verb: Verb | undefined
  let template = ''
  let body = false
  while (at < end) {
    const tag = varint()
    if ((tag & 7) !== 2) return undefined
    const length = varint()
    const value = text.decode(bytes.subarray(at, at + length))
    at += length
    const v = VERBS[tag >> 3]
    if (v) {
      verb = v
      template = value
    } else if (tag >> 3 === BODY) {
      body = value === '*'
    }
  }
  return verb && { verb, template, body }
}

type Json = Record<string, unknown>

/** Fills the template and says what is left for the query or the body. Names in the path are snake_case, in the JSON camelCase. */
export function fillRoute(route: Route, request: Json): { path: string; rest: Json } {
  const rest = { ...request }
  const path = route.template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const key = name.replace(/_([a-z])/g, (_m, c: string) => c.toUpperCase())
    const value = String(rest[key] ?? '')
    delete rest[key]
    return encodeURIComponent(value)
  })
  return { path, rest }
}

/** Query of a GET or DELETE: nested messages become "page.limit=50". */
export function toQuery(rest: Json, prefix = ''): string[] {
  return Object.entries(rest).flatMap(([key, value]): string[] => {
    const name = prefix + key
    if (Array.isArray(value)) return value.map((v) => `${name}=${encodeURIComponent(String(v))}`)
    if (typeof value === 'object' && value !== null) return toQuery(value as Json, `${name}.`)
    return [`${name}=${encodeURIComponent(String(value))}`]
  })
}
