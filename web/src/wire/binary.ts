import { FIXED32, FIXED64, LENGTH, Reader, VARINT, Writer } from './bytes'
import { blank, eachSet, put, zero } from './messages'
import type { Message } from './messages'
import { BOOL, BYTES, DOUBLE, ENUM, FLOAT, INT32, MESSAGE, STRING, UINT32 } from './schema'
import type { Field, Schema } from './schema'

export function toBinary(schema: Schema, m: Message): Uint8Array<ArrayBuffer> {
  const w = new Writer()
  eachSet(schema, m, (f, value) => {
    if (f.map) {
      for (const [key, v] of Object.entries(value as Record<string, unknown>)) writeEntry(w, f, f.map, key, v)
    } else if (!f.repeated) {
      writeField(w, f, value)
    } else if (wireTypeOf(f) === LENGTH) {
      for (const v of value as unknown[]) writeField(w, f, v)
    } else {
      const packed = new Writer()
      for (const v of value as unknown[]) writeValue(packed, f, v)
      w.tag(f.no, LENGTH)
      w.chunk(packed.finish())
    }
  })
  return w.finish()
}

function wireTypeOf(f: Field): number {
  switch (f.type) {
    case DOUBLE: return FIXED64
    case FLOAT: return FIXED32
    case STRING: case BYTES: case MESSAGE: return LENGTH
    case INT32: case UINT32: case BOOL: case ENUM: return VARINT
    default: throw new TypeError(`${f.protoName}: field type ${f.type} is not spoken here`)
  }
}

function writeField(w: Writer, f: Field, value: unknown): void {
  w.tag(f.no, wireTypeOf(f))
  writeValue(w, f, value)
}

function writeEntry(w: Writer, f: Field, [k, v]: [Field, Field], key: string, value: unknown): void {
  const entry = new Writer()
  writeField(entry, k, key)
  writeField(entry, v, value)
  w.tag(f.no, LENGTH)
  w.chunk(entry.finish())
}

function writeValue(w: Writer, f: Field, value: unknown): void {
  switch (f.type) {
    case DOUBLE: w.double(value as number); break
    case FLOAT: w.float(value as number); break
    case STRING: w.text(value as string); break
    case BYTES: w.chunk(value as Uint8Array); break
    case MESSAGE: w.chunk(toBinary(f.message, value as Message)); break
    default: w.varint(Number(value))
  }
}

/** Reads a message. Unknown fields are passed over; bytes that are not a message throw. */
export function fromBinary(schema: Schema, bytes: Uint8Array): Message {
  const r = new Reader(bytes)
  const m = blank(schema)
  while (!r.done) {
    const tag = r.varint()
    const f = schema.byNo.get(tag >>> 3)
    const wireType = tag & 7
    if (!f) r.skip(wireType)
    else if (f.map) readEntry(m, f, f.map, r.chunk())
    else if (wireType === wireTypeOf(f)) put(m, f, readValue(r, f))
    else if (f.repeated && wireType === LENGTH) readPacked(m, f, r.chunk())
    else r.skip(wireType)
  }
  return m
}

function readValue(r: Reader, f: Field): unknown {
  switch (f.type) {
    case DOUBLE: return r.double()
    case FLOAT: return r.float()
    case STRING: return r.text()
    case BYTES: return r.chunk().slice()
    case MESSAGE: return fromBinary(f.message, r.chunk())
    case BOOL: return r.varint() !== 0
    case UINT32: return r.varint()
    default: return r.varint() | 0
  }
}

function readPacked(m: Message, f: Field, bytes: Uint8Array): void {
  const r = new Reader(bytes)
  while (!r.done) put(m, f, readValue(r, f))
}

function readEntry(m: Message, f: Field, [k, v]: [Field, Field], bytes: Uint8Array): void {
  const r = new Reader(bytes)
  let key: unknown = zero(k)
  let value: unknown = v.type === MESSAGE ? blank(v.message) : zero(v)
  while (!r.done) {
    const tag = r.varint()
    if (tag >>> 3 === k.no) key = readValue(r, k)
    else if (tag >>> 3 === v.no) value = readValue(r, v)
    else r.skip(tag & 7)
  }
  ;(m[f.name] as Record<string, unknown>)[String(key)] = value
}
