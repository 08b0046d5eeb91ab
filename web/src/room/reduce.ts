// The room as one value, and how each message from the server changes it. Pure:
// no clock, no network, no DOM.
import type { Media } from '../gen/synctv/v1/media_pb'
import type { Member } from '../gen/synctv/v1/members_pb'
import type { Message } from '../gen/synctv/v1/chat_pb'
import type { MemberRemoved, Person, PresenceUpdate, RoomEvent, ServerMessage, Welcome } from '../gen/synctv/v1/realtime_pb'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { Room } from '../gen/synctv/v1/rooms_pb'
import { happeningOf, inOrder, remember } from './happenings'
import type { Happening } from './happenings'

export interface RoomState {
  readonly info: Room | null
  readonly me: Member | null
  readonly sessionId: string
  readonly playback: Playback | null
  /** The playback the happenings have told of; answers to my own intents may be ahead of it. */
  readonly told: Playback | null
  /** Loaded folders by id; '' is the root. */
  readonly folders: Readonly<Record<string, readonly Media[]>>
  /** The current item when no loaded folder holds it. */
  readonly elsewhere: Media | null
  /** Oldest first. */
  readonly messages: readonly Message[]
  /** True when nothing older than messages[0] exists. */
  readonly messagesComplete: boolean
  readonly people: readonly Person[]
  readonly happenings: readonly Happening[]
  /** Rises when the list of members or bans is out of date. */
  readonly membersVersion: number
  /** How I was removed, once I was. */
  readonly removed: { how: string; reason: string } | null
  /** Why the room was deleted, once it was. */
  readonly closed: string | null
}

/** Messages of a snapshot; fewer means there are none before. */
export const SNAPSHOT_MESSAGES = 50
/** Messages kept while nobody looks further back. */
const MOST_MESSAGES = 1500

export const emptyRoom: RoomState = {
  info: null,
  me: null,
  sessionId: '',
  playback: null,
  told: null,
  removed: null,
  folders: { '': [] },
  elsewhere: null,
  messages: [],
  messagesComplete: false,
  people: [],
  happenings: [],
  membersVersion: 0,
  closed: null,
}

export function reduce(state: RoomState, message: ServerMessage): RoomState {
  const { body } = message
  switch (body.case) {
    case 'welcome':
      return onWelcome(state, body.value)
    case 'event':
      return onEvent(state, body.value)
    case 'you':
      return { ...state, me: body.value, membersVersion: state.membersVersion + 1 }
    case 'presence':
      return { ...state, people: onPresence(state.people, body.value) }
    default:
      return state
  }
}

function onWelcome(state: RoomState, w: Welcome): RoomState {
  const known = { ...state, sessionId: w.sessionId, me: w.me ?? state.me }
  const s = w.snapshot
  if (w.resumed || !s) return known
  const overlap = state.messages.some((m) => s.messages.some((n) => n.id === m.id))
  return {
    ...known,
    info: s.room ? keepMine(s.room, state.info) : state.info,
    playback: s.playback ?? null,
    told: s.playback ?? null,
    removed: null,
    folders: { '': inOrder(s.media) },
    elsewhere: s.current ?? null,
    messages: overlap ? s.messages.reduce(putMessage, state.messages) : s.messages,
    messagesComplete: overlap ? state.messagesComplete : s.messages.length < SNAPSHOT_MESSAGES,
    people: sortPeople(s.people),
    membersVersion: state.membersVersion + 1,
    closed: null,
  }
}

function onEvent(state: RoomState, event: RoomEvent): RoomState {
  const line = happeningOf(event, {
    playback: state.told,
    roomName: state.info?.name ?? '',
    roleOf: (id) => state.people.find((p) => p.personId === id)?.role,
    titleOf: (id) => findMedia(state, id)?.title ?? '',
  })
  const next = applyEvent(state, event)
  return line ? { ...next, happenings: remember(next.happenings, line) } : next
}

function applyEvent(state: RoomState, event: RoomEvent): RoomState {
  const { body } = event
  switch (body.case) {
    case 'playback':
      return { ...withPlayback(state, body.value), told: body.value }
    case 'message':
    case 'messageChanged':
      return { ...state, messages: putMessage(state.messages, body.value) }
    case 'mediaAdded':
    case 'mediaChanged':
      return putMedia(state, body.value.media)
    case 'mediaRemoved':
      return removeMedia(state, body.value.ids)
    case 'memberJoined':
      return onMember({ ...state, info: countMembers(state.info, body.value, 1) }, body.value)
    case 'memberChanged':
      return onMember(state, body.value)
    case 'memberRemoved':
      return onRemoved(state, body.value)
    case 'roomChanged':
      return { ...state, info: keepMine(body.value, state.info), membersVersion: state.membersVersion + 1 }
    case 'roomClosed':
      return { ...state, closed: body.value.reason || 'deleted' }
    default:
      return state
  }
}

/** Newest revision wins; another epoch starts anew. */
export function withPlayback(state: RoomState, p: Playback): RoomState {
  const was = state.playback
  if (was && was.epoch === p.epoch && p.revision < was.revision) return state
  return { ...state, playback: p }
}

function onMember(state: RoomState, member: Member): RoomState {
  const me = state.me?.personId === member.personId ? member : state.me
  const people = state.people.map((p) =>
    p.personId === member.personId ? { ...p, name: member.name, role: member.role } : p,
  )
  return { ...state, me, people, membersVersion: state.membersVersion + 1 }
}

function onRemoved(state: RoomState, { personId, how, reason }: MemberRemoved): RoomState {
  const mine = personId !== '' && personId === state.me?.personId
  return { ...state, membersVersion: state.membersVersion + 1, removed: mine ? { how, reason } : state.removed }
}

function countMembers(info: Room | null, member: Member, by: number): Room | null {
  return info && member.personId.startsWith('usr_') ? { ...info, members: info.members + by } : info
}

/** A broadcast room cannot know whose eyes read it: what is mine stays. */
export function keepMine(room: Room, was: Room | null): Room {
  if (!was) return room
  return {
    ...room,
    inviteCode: room.inviteCode || was.inviteCode,
    myRole: room.myRole || was.myRole,
    myPermissions: room.myPermissions.length > 0 ? room.myPermissions : was.myPermissions,
    favourite: room.favourite || was.favourite,
  }
}

function onPresence(people: readonly Person[], update: PresenceUpdate): Person[] {
  const gone = new Set(update.gone)
  const changed = new Map(update.people.map((p) => [p.sessionId, p]))
  const kept = update.full ? [] : people.filter((p) => !gone.has(p.sessionId) && !changed.has(p.sessionId))
  return sortPeople([...kept, ...changed.values()])
}

function sortPeople(people: readonly Person[]): Person[] {
  return [...people].sort((a, b) => a.joinedMs - b.joinedMs || (a.sessionId < b.sessionId ? -1 : 1))
}

/** Replaces by id, or inserts by sequence number. */
export function putMessage(messages: readonly Message[], m: Message): Message[] {
  const at = messages.findIndex((x) => x.id === m.id)
  if (at >= 0) return messages.with(at, m)
  let end = messages.length
  while (end > 0 && (messages[end - 1]?.seq ?? 0) > m.seq) end--
  const out = [...messages.slice(0, end), m, ...messages.slice(end)]
  return out.length > MOST_MESSAGES ? out.slice(-MOST_MESSAGES) : out
}

/** Puts an older page (newest first, as the server sends it) before what is there. */
export function prependMessages(state: RoomState, page: readonly Message[], complete: boolean): RoomState {
  const known = new Set(state.messages.map((m) => m.id))
  const older = page.filter((m) => !known.has(m.id)).reverse()
  return { ...state, messages: [...older, ...state.messages], messagesComplete: complete }
}

function putMedia(state: RoomState, media: readonly Media[]): RoomState {
  const ids = new Set(media.map((m) => m.id))
  const folders: Record<string, readonly Media[]> = {}
  for (const [parent, items] of Object.entries(state.folders)) {
    const here = media.filter((m) => m.parentId === parent)
    const stays = items.filter((m) => !ids.has(m.id))
    folders[parent] = here.length === 0 && stays.length === items.length ? items : inOrder([...stays, ...here])
  }
  const elsewhere = media.find((m) => m.id === state.elsewhere?.id) ?? state.elsewhere
  return { ...state, folders, elsewhere }
}

function removeMedia(state: RoomState, removed: readonly string[]): RoomState {
  const ids = new Set(removed)
  const folders: Record<string, readonly Media[]> = {}
  for (const [parent, items] of Object.entries(state.folders)) {
    if (ids.has(parent)) continue
    folders[parent] = items.some((m) => ids.has(m.id)) ? items.filter((m) => !ids.has(m.id)) : items
  }
  const elsewhere = state.elsewhere && ids.has(state.elsewhere.id) ? null : state.elsewhere
  return { ...state, folders, elsewhere }
}

/** An item by id, wherever it was seen. */
export function findMedia(state: RoomState, id: string): Media | null {
  if (!id) return null
  for (const items of Object.values(state.folders)) {
    const found = items.find((m) => m.id === id)
    if (found) return found
  }
  return state.elsewhere?.id === id ? state.elsewhere : null
}
