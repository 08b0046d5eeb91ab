import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { MessageSchema } from '../gen/synctv/v1/chat_pb'
import { RoomRole } from '../gen/synctv/v1/common_pb'
import { PlaybackSchema } from '../gen/synctv/v1/playback_pb'
import { MediaSchema } from '../gen/synctv/v1/media_pb'
import { ServerMessageSchema } from '../gen/synctv/v1/realtime_pb'
import { SNAPSHOT_MESSAGES, emptyRoom, findMedia, prependMessages, reduce } from './reduce'
import type { RoomState } from './reduce'

type Body = NonNullable<MessageInitShape<typeof ServerMessageSchema>['body']>
type EventInit = Extract<Body, { case: 'event' }>['value']

const feed = (state: RoomState, body: Body): RoomState => reduce(state, create(ServerMessageSchema, { body }))
const on = (state: RoomState, ...events: EventInit[]): RoomState =>
  events.reduce((s, value) => feed(s, { case: 'event', value }), state)

const text = (id: string, seq: number, words = id) => ({ id, seq, text: words, name: 'Ana', personId: 'usr_a' })
const item = (id: string, orderKey: string, parentId = '') => ({ id, orderKey, parentId, title: `T ${id}` })

const welcomed = feed(emptyRoom, {
  case: 'welcome',
  value: {
    sessionId: 's1',
    seq: 5,
    epoch: 'e',
    me: { personId: 'usr_a', name: 'Ana', role: RoomRole.MEMBER, permissions: ['chat_send'] },
    snapshot: {
      room: { id: 'room_1', name: 'Club', inviteCode: 'abc', myRole: RoomRole.MEMBER, members: 2 },
      playback: { revision: 3, epoch: 'p', mediaId: 'm1', playing: true, rate: 1, atMs: 1000, positionMs: 0 },
      media: [item('m2', 'b'), item('m1', 'a')],
      messages: [text('x1', 3), text('x2', 5)],
      people: [
        { sessionId: 's2', personId: 'usr_b', name: 'Bo', role: RoomRole.OWNER, joinedMs: 2 },
        { sessionId: 's1', personId: 'usr_a', name: 'Ana', role: RoomRole.MEMBER, joinedMs: 1 },
      ],
    },
  },
})
const last = (s: RoomState) => s.happenings[s.happenings.length - 1]

describe('welcome', () => {
  it('takes the snapshot, in order', () => {
    expect(welcomed.info?.name).toBe('Club')
    expect(welcomed.folders['']?.map((m) => m.id)).toEqual(['m1', 'm2'])
    expect(welcomed.people.map((p) => p.name)).toEqual(['Ana', 'Bo'])
    expect(welcomed.messagesComplete).toBe(true)
  })

  it('keeps everything when it resumes', () => {
    const back = feed(welcomed, { case: 'welcome', value: { sessionId: 's9', resumed: true } })
    expect(back.messages).toBe(welcomed.messages)
    expect(back.sessionId).toBe('s9')
    expect(back.me?.name).toBe('Ana')
  })

  it('joins a fresh snapshot to loaded history only when they overlap', () => {
    const older = prependMessages(welcomed, [create(MessageSchema, text('x0', 1))], true)
    const near = feed(older, { case: 'welcome', value: { snapshot: { messages: [text('x2', 5), text('x3', 7)] } } })
    expect(near.messages.map((m) => m.id)).toEqual(['x0', 'x1', 'x2', 'x3'])
    const many = Array.from({ length: SNAPSHOT_MESSAGES }, (_, i) => text(`y${i}`, 100 + i))
    const far = feed(older, { case: 'welcome', value: { snapshot: { messages: many } } })
    expect(far.messages[0]?.id).toBe('y0')
    expect(far.messagesComplete).toBe(false)
  })
})

describe('messages', () => {
  it('adds once, edits in place, and keeps order by sequence', () => {
    const s = on(
      welcomed,
      { seq: 6, body: { case: 'message', value: text('x4', 6) } },
      { seq: 6, body: { case: 'message', value: text('x4', 6) } },
      { seq: 7, body: { case: 'messageChanged', value: { ...text('x1', 3, ''), deleted: true } } },
    )
    expect(s.messages.map((m) => m.id)).toEqual(['x1', 'x2', 'x4'])
    expect(s.messages[0]?.deleted).toBe(true)
  })

  it('prepends a page that came newest first, without repeats', () => {
    const page = [text('x1', 3), text('w2', 2), text('w1', 1)].map((m) => create(MessageSchema, m))
    expect(prependMessages(welcomed, page, false).messages.map((m) => m.id)).toEqual(['w1', 'w2', 'x1', 'x2'])
  })
})

describe('queue', () => {
  it('adds, moves between loaded folders, and removes', () => {
    const opened = { ...welcomed, folders: { ...welcomed.folders, f1: [] } }
    const added = on(opened, { seq: 6, body: { case: 'mediaAdded', value: { media: [item('m3', 'ab')] } } })
    expect(added.folders['']?.map((m) => m.id)).toEqual(['m1', 'm3', 'm2'])
    const moved = on(added, { seq: 7, body: { case: 'mediaChanged', value: { media: [item('m3', 'a', 'f1')] } } })
    expect(moved.folders['']?.map((m) => m.id)).toEqual(['m1', 'm2'])
    expect(moved.folders['f1']?.map((m) => m.id)).toEqual(['m3'])
    const removed = on(moved, { seq: 8, body: { case: 'mediaRemoved', value: { ids: ['m1', 'f1'] } } })
    expect(removed.folders['']?.map((m) => m.id)).toEqual(['m2'])
    expect(removed.folders['f1']).toBeUndefined()
  })

  it('finds the current item when only the snapshot knew it', () => {
    const s = { ...welcomed, elsewhere: create(MediaSchema, item('deep', 'a', 'f9')) }
    expect(findMedia(s, 'deep')?.title).toBe('T deep')
    expect(findMedia(s, '')).toBeNull()
  })
})

describe('presence', () => {
  it('merges changes, drops the gone, and replaces when full', () => {
    const merged = feed(welcomed, {
      case: 'presence',
      value: { people: [{ sessionId: 's3', name: 'Mika', joinedMs: 3 }], gone: ['s2'] },
    })
    expect(merged.people.map((p) => p.name)).toEqual(['Ana', 'Mika'])
    const full = feed(merged, { case: 'presence', value: { full: true, people: [{ sessionId: 's3', name: 'Mika' }] } })
    expect(full.people.map((p) => p.name)).toEqual(['Mika'])
  })
})

describe('room and members', () => {
  it('keeps what only I can see when the room changes for all', () => {
    const s = on(welcomed, { seq: 6, by: 'usr_b', byName: 'Bo', body: { case: 'roomChanged', value: { name: 'Films' } } })
    expect(s.info).toMatchObject({ name: 'Films', inviteCode: 'abc', myRole: RoomRole.MEMBER })
    expect(last(s)).toMatchObject({ kind: 'renamed', name: 'Films', by: 'Bo' })
  })

  it('updates me and my entry among the people', () => {
    const value = { personId: 'usr_a', name: 'Ana', role: RoomRole.ADMIN, permissions: ['room_settings'] }
    const s = on(welcomed, { seq: 6, byName: 'Bo', body: { case: 'memberChanged', value } })
    expect(s.me?.permissions).toEqual(['room_settings'])
    expect(s.people[0]?.role).toBe(RoomRole.ADMIN)
    expect(last(s)).toMatchObject({ kind: 'role', role: RoomRole.ADMIN })
  })
})

it('remembers how I was removed, and only I', () => {
  const gone = (personId: string) =>
    on(welcomed, { seq: 6, byName: 'Bo', body: { case: 'memberRemoved', value: { personId, name: 'X', how: 'kicked', reason: 'loud' } } })
  expect(gone('usr_a').removed).toEqual({ how: 'kicked', reason: 'loud' })
  expect(gone('usr_b').removed).toBeNull()
})

describe('playback', () => {
  const p = { revision: 4, epoch: 'p', mediaId: 'm1', playing: true, rate: 1, atMs: 11_000, positionMs: 10_000, setByName: 'Bo' }
  const play = (value: typeof p) => on(welcomed, { seq: 6, atMs: 1, body: { case: 'playback', value } })

  it.each([
    ['a pause', { ...p, playing: false }, { kind: 'paused', by: 'Bo' }],
    ['a jump', { ...p, positionMs: 60_000 }, { kind: 'seeked', positionMs: 60_000 }],
    ['another item', { ...p, mediaId: 'm2' }, { kind: 'started', title: 'T m2' }],
    ['another item by itself', { ...p, mediaId: 'm2', setByName: '' }, { kind: 'next', title: 'T m2' }],
  ])('tells of %s', (_, value, line) => {
    expect(last(play(value))).toMatchObject(line)
  })

  it.each([
    ['a restart where it was expected', p],
    ['another rate', { ...p, rate: 1.5 }],
    ['a pause by the server', { ...p, playing: false, setByName: '' }],
  ])('says nothing of %s', (_, value) => {
    expect(play(value).happenings).toHaveLength(0)
  })

  it('still tells of a change whose answer came first', () => {
    const early = { ...welcomed, playback: create(PlaybackSchema, { ...p, playing: false }) }
    const told = on(early, { seq: 6, atMs: 1, body: { case: 'playback', value: { ...p, playing: false } } })
    expect(last(told)).toMatchObject({ kind: 'paused' })
  })

  it('ignores an older revision, unless the epoch changed', () => {
    expect(play({ ...p, revision: 2 }).playback?.revision).toBe(3)
    expect(play({ ...p, revision: 1, epoch: 'q' }).playback?.revision).toBe(1)
  })
})
