// Holds the small runtime to the reference library: same bytes, same JSON, same
// objects, for every message of the contract.
import * as reference from '@bufbuild/protobuf'
import type { DescFile, DescMessage } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { describe, expect, it } from 'vitest'
import { file_synctv_v1_auth } from '../gen/synctv/v1/auth_pb'
import { file_synctv_v1_chat } from '../gen/synctv/v1/chat_pb'
import { file_synctv_v1_common } from '../gen/synctv/v1/common_pb'
import { file_synctv_v1_media } from '../gen/synctv/v1/media_pb'
import { file_synctv_v1_members } from '../gen/synctv/v1/members_pb'
import { file_synctv_v1_playback } from '../gen/synctv/v1/playback_pb'
import { file_synctv_v1_realtime } from '../gen/synctv/v1/realtime_pb'
import { file_synctv_v1_rooms } from '../gen/synctv/v1/rooms_pb'
import { file_synctv_v1_server } from '../gen/synctv/v1/server_pb'
import { file_synctv_v1_users } from '../gen/synctv/v1/users_pb'
import { routeOf } from '../net/routes'
import { fromBinary, fromJson, toBinary, toJson, create } from './protobuf'
import { readFile } from './schema'
import type { File, Schema } from './schema'

const contract = [
  file_synctv_v1_common, file_synctv_v1_users, file_synctv_v1_auth, file_synctv_v1_chat, file_synctv_v1_media,
  file_synctv_v1_members, file_synctv_v1_playback, file_synctv_v1_rooms, file_synctv_v1_realtime, file_synctv_v1_server,
]

const read = new Map<string, File>()

function ours(file: DescFile): File {
  const known = read.get(file.name)
  if (known) return known
  const made = readFile(reference.toBinary(FileDescriptorProtoSchema, file.proto), file.dependencies.map(ours))
  read.set(file.name, made)
  return made
}

/** A small generator with a seed, so that a failure can be repeated. */
function dice(seed: number): (n: number) => number {
  let s = seed
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return Math.floor((s / 2 ** 32) * n)
  }
}

const NUMBERS = [0, 1, 127, 128, 300, 65_535, 2 ** 31, 2 ** 32 - 1]
const DOUBLES = [0, -1.5, 1e-7, 123_456.789, Number.POSITIVE_INFINITY, Number.NaN, -0.25]
const TEXTS = ['', 'a', '小雨 ☕ 🎬', '"quoted" \\ \n', 'x'.repeat(300)]

function random(desc: DescMessage, roll: (n: number) => number, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const value = (f: DescMessage['fields'][number]): unknown => {
    if (f.message) return random(f.message, roll, depth + 1)
    if (f.enum) return f.enum.values[roll(f.enum.values.length)]?.number
    switch (f.scalar) {
      case reference.ScalarType.BOOL: return roll(2) === 1
      case reference.ScalarType.STRING: return TEXTS[roll(TEXTS.length)]
      case reference.ScalarType.DOUBLE: return DOUBLES[roll(DOUBLES.length)]
      default: return NUMBERS[roll(NUMBERS.length)]
    }
  }
  for (const f of desc.fields) {
    if (roll(4) === 0 || (depth > 3 && f.message)) continue
    if (f.fieldKind === 'map') out[f.localName] = { one: TEXTS[roll(TEXTS.length)], two: 'b' }
    else if (f.fieldKind === 'list') out[f.localName] = Array.from({ length: roll(3) }, () => value(f))
    else if (f.oneof) out[f.oneof.localName] = { case: f.localName, value: value(f) }
    else out[f.localName] = value(f)
  }
  return out
}

describe.each(contract.flatMap((file) => file.messages.map((desc, i) => [desc.typeName, file, i] as const)))('%s', (_, file, i) => {
  const desc = file.messages[i] as DescMessage
  const schema = ours(file).messages[i] as Schema

  it('agrees with the reference', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const init = random(desc, dice(seed))
      const theirs = reference.create(desc, init)
      const mine = create(schema, init)
      expect(mine).toEqual({ ...theirs })
      const bytes = reference.toBinary(desc, theirs)
      expect([...toBinary(schema, mine)]).toEqual([...bytes])
      expect(fromBinary(schema, bytes)).toEqual({ ...reference.fromBinary(desc, bytes) })
      const json = reference.toJson(desc, theirs)
      expect(toJson(schema, mine)).toEqual(json)
      expect(fromJson(schema, json)).toEqual({ ...reference.fromJson(desc, json) })
    }
  })
})

describe('the small runtime', () => {
  const message = ours(file_synctv_v1_chat).messages.find((m) => m.typeName === 'synctv.v1.Message') as Schema

  it('finds the route of every method', () => {
    for (const file of contract) {
      for (const [s, service] of file.services.entries()) {
        for (const [m, method] of service.methods.entries()) {
          if (method.methodKind !== 'unary') continue
          const mine = ours(file).services[s]?.methods[m]
          expect(mine?.localName).toBe(method.localName)
          expect(mine?.input.typeName).toBe(method.input.typeName)
          expect(routeOf(mine as never)).toEqual(routeOf(method))
        }
      }
    }
  })

  it('throws on bytes that are no message, and never reads past their end', () => {
    for (const bytes of [[0xff], [0x0a, 0x05, 0x41], [0x0a], [0x31, 1, 2], [0x0b], [0x08, ...Array<number>(11).fill(0xff)]]) {
      expect(() => fromBinary(message, new Uint8Array(bytes)), bytes.join()).toThrow()
    }
  })

  it('passes over what a newer contract added', () => {
    const bytes = new Uint8Array([0x0a, 1, 0x41, 0xf8, 0x06, 1, 0xfa, 0x06, 2, 1, 2])
    expect(fromBinary(message, bytes)).toMatchObject({ id: 'A' })
    expect(fromJson(message, { id: 'A', later: { x: 1 }, danmaku: { lane: 'DANMAKU_LANE_SIDEWAYS' } })).toMatchObject({ id: 'A', danmaku: { lane: 0 } })
  })

  it('survives any bytes by an answer or an error', () => {
    const roll = dice(7)
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: roll(40) }, () => roll(256))
      try {
        fromBinary(message, bytes)
      } catch (e) {
        expect(e).toBeInstanceOf(RangeError)
      }
    }
  })
})
