// Stands in for @bufbuild/protobuf and its codegenv2 in the bundle (see
// vite.config.ts): the same generated files, the same types, a tenth of the
// size. The tests hold it to the reference library's behaviour.
import { fromBinary, toBinary } from './binary'
import { fromJson, toJson } from './json'
import { create } from './messages'
import { readFile } from './schema'
import type { File, Schema } from './schema'

export { create, fromBinary, fromJson, toBinary, toJson }

export function fileDesc(base64: string, imports: readonly File[] = []): File {
  return readFile(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), imports)
}

export function messageDesc(file: File, path: number, ...nested: number[]): Schema {
  return nested.reduce((m, i) => m.nested[i] as Schema, file.messages[path] as Schema)
}

export function enumDesc(file: File, path: number, ...nested: number[]): unknown {
  return nested.length === 0 ? file.enums[path] : undefined
}

export function serviceDesc(file: File, path: number): unknown {
  return file.services[path]
}
