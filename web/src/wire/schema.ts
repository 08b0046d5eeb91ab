// The contract as the generated code carries it: a FileDescriptorProto in
// base64, read into the little that encoding needs.
// https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
import { LENGTH, Reader } from './bytes'

/** FieldDescriptorProto.Type; those the contract uses. */
export const DOUBLE = 1
export const FLOAT = 2
export const INT32 = 5
export const BOOL = 8
export const STRING = 9
export const MESSAGE = 11
export const BYTES = 12
export const UINT32 = 13
export const ENUM = 14

export interface Field {
  no: number
  /** Name in TypeScript and in JSON. */
  name: string
  protoName: string
  type: number
  repeated: boolean
  /** Present or absent by itself: messages, and scalars marked optional. */
  optional: boolean
  /** Name of the group of which only one can be set. */
  oneof: string
  typeName: string
  message: Schema
  values: Enum
  /** For maps: the entry's key and value. */
  map: [key: Field, value: Field] | undefined
}

export interface Schema {
  typeName: string
  fields: Field[]
  byNo: Map<number, Field>
  nested: Schema[]
  mapEntry: boolean
}

export interface Enum {
  typeName: string
  byName: Map<string, number>
  byNumber: Map<number, string>
}

export interface Method {
  name: string
  localName: string
  input: Schema
  output: Schema
  proto: { options: { $unknown: { no: number; wireType: number; data: Uint8Array }[] } }
}

export interface Service {
  typeName: string
  methods: Method[]
  method: Record<string, Method>
}

export interface File {
  name: string
  messages: Schema[]
  enums: Enum[]
  services: Service[]
  /** Types of this file and of those it imports, by full name with a leading dot. */
  types: Map<string, Schema | Enum>
}

type Visit = Record<number, (r: Reader) => void>

function each(bytes: Uint8Array, visit: Visit): void {
  const r = new Reader(bytes)
  while (!r.done) {
    const tag = r.varint()
    const on = visit[tag >>> 3]
    if (on) on(r)
    else r.skip(tag & 7)
  }
}

export function camel(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, c: string) => c.toUpperCase())
}

export function readFile(bytes: Uint8Array, imports: readonly File[]): File {
  const file: File = { name: '', messages: [], enums: [], services: [], types: new Map() }
  for (const i of imports) i.types.forEach((type, name) => file.types.set(name, type))
  const late: { messages: Uint8Array[]; enums: Uint8Array[]; services: Uint8Array[] } = { messages: [], enums: [], services: [] }
  let pkg = ''
  each(bytes, {
    1: (r) => (file.name = r.text()),
    2: (r) => (pkg = r.text()),
    4: (r) => late.messages.push(r.chunk()),
    5: (r) => late.enums.push(r.chunk()),
    6: (r) => late.services.push(r.chunk()),
  })
  file.enums = late.enums.map((b) => readEnum(b, pkg, file))
  file.messages = late.messages.map((b) => readMessage(b, pkg, file))
  file.messages.forEach((m) => link(m, file))
  file.services = late.services.map((b) => readService(b, pkg, file))
  return file
}

function readEnum(bytes: Uint8Array, scope: string, file: File): Enum {
  const e: Enum = { typeName: '', byName: new Map(), byNumber: new Map() }
  each(bytes, {
    1: (r) => (e.typeName = `${scope}.${r.text()}`),
    2: (r) => {
      let name = ''
      let number = 0
      each(r.chunk(), { 1: (v) => (name = v.text()), 2: (v) => (number = v.varint() | 0) })
      e.byName.set(name, number)
      e.byNumber.set(number, name)
    },
  })
  file.types.set(`.${e.typeName}`, e)
  return e
}

function readMessage(bytes: Uint8Array, scope: string, file: File): Schema {
  const m: Schema = { typeName: '', fields: [], byNo: new Map(), nested: [], mapEntry: false }
  const oneofs: string[] = []
  const indexes: number[] = []
  const inner: { nested: Uint8Array[]; enums: Uint8Array[] } = { nested: [], enums: [] }
  each(bytes, {
    1: (r) => (m.typeName = `${scope}.${r.text()}`),
    2: (r) => {
      const [field, oneof] = readField(r.chunk())
      m.fields.push(field)
      indexes.push(oneof)
    },
    3: (r) => inner.nested.push(r.chunk()),
    4: (r) => inner.enums.push(r.chunk()),
    7: (r) => each(r.chunk(), { 7: (o) => (m.mapEntry = o.varint() === 1) }),
    8: (r) => each(r.chunk(), { 1: (o) => oneofs.push(camel(o.text())) }),
  })
  inner.enums.forEach((b) => readEnum(b, m.typeName, file))
  m.nested = inner.nested.map((b) => readMessage(b, m.typeName, file))
  m.fields.forEach((f, i) => {
    const index = indexes[i] ?? -1
    // An optional scalar sits in a group of its own, which is not a real one.
    if (index >= 0 && !f.optional) f.oneof = oneofs[index] ?? ''
    if (f.type === MESSAGE) f.optional = true
    m.byNo.set(f.no, f)
  })
  m.fields.sort((a, b) => a.no - b.no)
  file.types.set(`.${m.typeName}`, m)
  return m
}

function readField(bytes: Uint8Array): [Field, oneof: number] {
  const f = { no: 0, name: '', protoName: '', type: 0, repeated: false, optional: false, oneof: '', typeName: '', map: undefined } as unknown as Field
  let oneof = -1
  each(bytes, {
    1: (r) => (f.protoName = r.text()),
    3: (r) => (f.no = r.varint()),
    4: (r) => (f.repeated = r.varint() === 3),
    5: (r) => (f.type = r.varint()),
    6: (r) => (f.typeName = r.text()),
    9: (r) => (oneof = r.varint()),
    17: (r) => (f.optional = r.varint() === 1),
  })
  f.name = camel(f.protoName)
  return [f, oneof]
}

/** Ties fields to the types they name. */
function link(m: Schema, file: File): void {
  m.nested.forEach((n) => link(n, file))
  for (const f of m.fields) {
    const type = f.typeName && file.types.get(f.typeName)
    if (!type) continue
    if ('byName' in type) f.values = type
    else f.message = type
    if (f.message?.mapEntry) f.map = [f.message.fields[0] as Field, f.message.fields[1] as Field]
  }
}

function readService(bytes: Uint8Array, scope: string, file: File): Service {
  const s: Service = { typeName: '', methods: [], method: {} }
  each(bytes, {
    1: (r) => (s.typeName = `${scope}.${r.text()}`),
    2: (r) => {
      const method = readMethod(r.chunk(), file)
      s.methods.push(method)
      s.method[method.localName] = method
    },
  })
  return s
}

function readMethod(bytes: Uint8Array, file: File): Method {
  let name = ''
  let [input, output] = ['', '']
  const $unknown: Method['proto']['options']['$unknown'] = []
  each(bytes, {
    1: (r) => (name = r.text()),
    2: (r) => (input = r.text()),
    3: (r) => (output = r.text()),
    4: (r) => readOptions(r.chunk(), $unknown),
  })
  return {
    name,
    localName: name.charAt(0).toLowerCase() + name.slice(1),
    input: file.types.get(input) as Schema,
    output: file.types.get(output) as Schema,
    proto: { options: { $unknown } },
  }
}

/** Keeps the raw options, length first, as the reference library does. */
function readOptions(bytes: Uint8Array, out: Method['proto']['options']['$unknown']): void {
  const r = new Reader(bytes)
  while (!r.done) {
    const tag = r.varint()
    if ((tag & 7) !== LENGTH) {
      r.skip(tag & 7)
      continue
    }
    const from = r.position
    r.chunk()
    out.push({ no: tag >>> 3, wireType: LENGTH, data: bytes.subarray(from, r.position) })
  }
}
