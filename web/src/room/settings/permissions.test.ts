// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { neighbour } from '../queue/deeds'
import type { Media } from '../../gen/synctv/v1/media_pb'
import { read, write } from './PermissionTable'

it('writes one choice at a time and leaves no empty role behind', () => {
  const denied = write([], RoomRole.GUEST, 'chat_send', 'deny')
  expect(denied).toMatchObject([{ role: RoomRole.GUEST, allow: [], deny: ['chat_send'] }])
  const allowed = write(denied, RoomRole.GUEST, 'chat_send', 'allow')
  expect(read(allowed, RoomRole.GUEST, 'chat_send')).toBe('allow')
  expect(read(allowed, RoomRole.MEMBER, 'chat_send')).toBe('default')
  expect(write(allowed, RoomRole.GUEST, 'chat_send', 'default')).toEqual([])
})

it.each([
  ['a', 1, 'c'],
  ['a', -1, null],
  ['b', -1, 'a'],
  ['b', 1, ''],
  ['c', 1, null],
  ['x', 1, null],
])('moves %s by %d before %j', (id, steps, before) => {
  const list = ['a', 'b', 'c'].map((x) => ({ id: x }) as Media)
  expect(neighbour(list, id, steps)).toBe(before)
})
