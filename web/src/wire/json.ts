// The JSON form of messages. https://protobuf.dev/programming-guides/json/
import { blank, eachSet, put } from './messages'
import type { Message } from './messages'
import { BOOL, BYTES, ENUM, MESSAGE, STRING } from './schema'
import type { Field, Schema } from './schema'

type Json = Record<string, unknown>

export function toJson(schema: Schema, m: Message): Json {
  const out: Json = {}
  eachSet(schema, m, (f, value) => {
    if (f.map) {
      const [, v] = f.map
      out[f.name] = Object.fromEntries(Object.entries(value as Json).map(([k, x]) => [k, valueToJson(v, x)]))
    } else {
      out[f.name] = f.repeated ? (value as unknown[]).map((x) => valueToJson(f, x)) : valueToJson(f, value)
    }
  })
  return out
}

function valueToJson(f: Field, value: unknown): unknown {
  if (f.type === MESSAGE) return toJson(f.message, value as Message)
  if (f.type === ENUM) return f.values.byNumber.get(value as number) ?? value
  if (f.type === BYTES) throw new TypeError(`${f.protoName}: bytes have no JSON form here`)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value
}

/** Reads the JSON form; what it does not know is passed over. */
export function fromJson(schema: Schema, json: unknown): Message {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError(`${schema.typeName}: not an object`)
  const m = blank(schema)
  const given = json as Json
  for (const f of schema.fields) {
    const value = given[f.name] ?? given[f.protoName]
    if (value === undefined || value === null) continue
    if (f.map) {
      const [, v] = f.map
      m[f.name] = Object.fromEntries(Object.entries(value as Json).map(([k, x]) => [k, valueFromJson(v, x)]))
    } else if (f.repeated) {
      if (!Array.isArray(value)) throw new TypeError(`${f.protoName}: not a list`)
      m[f.name] = value.map((x) => valueFromJson(f, x)).filter((x) => x !== undefined)
    } else {
      const read = valueFromJson(f, value)
      if (read !== undefined) put(m, f, read)
    }
  }
  return m
}

/** Undefined for an enum value of a newer contract. */
function valueFromJson(f: Field, value: unknown): unknown {
  if (f.type === MESSAGE) return fromJson(f.message, value)
  if (f.type === ENUM) return typeof value === 'number' ? value : f.values.byName.get(String(value))
  if (f.type === STRING) return check(f, value, typeof value === 'string')
  if (f.type === BOOL) return check(f, value, typeof value === 'boolean')
  const n = Number(value)
  return check(f, n, value === 'NaN' || !Number.isNaN(n))
}

function check(f: Field, value: unknown, fits: boolean): unknown {
  if (!fits) throw new TypeError(`${f.protoName}: unexpected ${typeof value}`)
  return value
}
