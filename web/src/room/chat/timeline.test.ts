import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { MessageSchema } from '../../gen/synctv/v1/chat_pb'
import type { Happening } from '../happenings'
import { timeline } from './timeline'

const noon = new Date(2026, 2, 4, 12).getTime()
const message = (seq: number, personId: string, atMs: number) =>
  create(MessageSchema, { id: `m${seq}`, seq, personId, createdMs: atMs, kind: 'text' })
const paused = (seq: number, atMs: number): Happening => ({ seq, atMs, by: 'Bo', kind: 'paused' })
const keys = (...x: Parameters<typeof timeline>) => timeline(...x).map((e) => (e.kind === 'message' && !e.first ? `+${e.key}` : e.kind === 'day' ? '|' : e.key))

it('weaves by sequence, groups one person, and marks days', () => {
  const messages = [message(1, 'a', noon), message(2, 'a', noon + 1000), message(4, 'a', noon + 2000), message(5, 'b', noon + 86_400_000)]
  expect(keys(messages, [paused(3, noon + 1500)], 100)).toEqual(['|', 'm1', '+m2', 'h3', 'm4', '|', 'm5'])
})

it('starts a new group after a while', () => {
  expect(keys([message(1, 'a', noon), message(2, 'a', noon + 200_000)], [], 100)).toEqual(['|', 'm1', 'm2'])
})

it('leaves out what happened before the oldest message shown', () => {
  const messages = [message(1, 'a', noon), message(5, 'a', noon)]
  expect(keys(messages, [paused(3, noon), paused(7, noon)], 1)).toEqual(['|', 'm5', 'h7'])
})

it('makes one line of a pause and its end when nobody spoke between', () => {
  const resumed = (seq: number, atMs: number): Happening => ({ seq, atMs, by: 'Ana', kind: 'resumed' })
  const [, line] = timeline([], [paused(3, noon), resumed(4, noon + 72_000)], 50)
  expect(line).toMatchObject({ happening: { kind: 'break', by: 'Bo', lastedMs: 72_000 } })
  expect(keys([message(4, 'a', noon)], [paused(3, noon), resumed(5, noon)], 50)).toEqual(['|', 'h3', 'm4', 'h5'])
})

it('shows happenings of a silent room', () => {
  expect(keys([], [paused(3, noon)], 50)).toEqual(['|', 'h3'])
})
