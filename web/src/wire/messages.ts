// Messages as plain objects, in the shape the generated types describe: every
// field that has a default is there, "$typeName" tells what it is.
import { BOOL, BYTES, MESSAGE, STRING } from './schema'
import type { Field, Schema } from './schema'

export type Message = { $typeName: string } & Record<string, unknown>
export type OneOf = { case: string | undefined; value?: unknown }

export function zero(f: Field): unknown {
  if (f.type === STRING) return ''
  if (f.type === BOOL) return false
  return f.type === BYTES ? new Uint8Array() : 0
}

/** A message with all its defaults. */
export function blank(schema: Schema): Message {
  const m: Message = { $typeName: schema.typeName }
  for (const f of schema.fields) {
    if (f.oneof) m[f.oneof] = { case: undefined }
    else if (f.map) m[f.name] = {}
    else if (f.repeated) m[f.name] = []
    else if (!f.optional) m[f.name] = zero(f)
  }
  return m
}

/** Completes what the caller gave, down to nested messages. A finished message is returned as it is. */
export function create(schema: Schema, init?: Record<string, unknown>): Message {
  if (init && init['$typeName'] === schema.typeName) return init as Message
  const m = blank(schema)
  if (!init) return m
  for (const f of schema.fields) {
    if (f.oneof) {
      const given = init[f.oneof] as OneOf | undefined
      if (given?.case === f.name) m[f.oneof] = { case: f.name, value: whole(f, given.value) }
      continue
    }
    const value = init[f.name]
    if (value === undefined || value === null) continue
    if (f.map) {
      const [, v] = f.map
      m[f.name] = Object.fromEntries(Object.entries(value).map(([k, x]) => [k, whole(v, x)]))
    } else {
      m[f.name] = f.repeated ? (value as unknown[]).map((x) => whole(f, x)) : whole(f, value)
    }
  }
  return m
}

function whole(f: Field, value: unknown): unknown {
  return f.type === MESSAGE ? create(f.message, value as Record<string, unknown>) : value
}

/** Visits every field that is set: in a oneof, present, or different from its default. */
export function eachSet(schema: Schema, m: Message, visit: (f: Field, value: unknown) => void): void {
  for (const f of schema.fields) {
    if (f.oneof) {
      const one = m[f.oneof] as OneOf | undefined
      if (one?.case === f.name && one.value !== undefined) visit(f, one.value)
      continue
    }
    const value = m[f.name]
    if (value === undefined || value === null) continue
    if (f.map) {
      if (Object.keys(value).length > 0) visit(f, value)
    } else if (f.repeated) {
      if ((value as unknown[]).length > 0) visit(f, value)
    } else if (f.optional || (value !== zero(f) && (value as Uint8Array).length !== 0)) {
      visit(f, value)
    }
  }
}

/** Puts a value where it belongs: into its oneof, its list, its map or its field. */
export function put(m: Message, f: Field, value: unknown): void {
  if (f.oneof) m[f.oneof] = { case: f.name, value }
  else if (f.repeated) (m[f.name] as unknown[]).push(value)
  else m[f.name] = value
}
