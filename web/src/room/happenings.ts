// What the chat tells between the messages: who came, who paused, what began.
// Derived from events, so everyone sees the same lines in the same places.
import type { RoomEvent } from '../gen/synctv/v1/realtime_pb'
import type { Playback } from '../gen/synctv/v1/playback_pb'
import type { RoomRole } from '../gen/synctv/v1/common_pb'
import type { Media } from '../gen/synctv/v1/media_pb'
import { positionAt } from '../sync/model'

export type Happening = { seq: number; atMs: number; by: string } & (
  | { kind: 'joined' | 'left'; name: string }
  | { kind: 'kicked' | 'banned'; name: string; reason: string }
  | { kind: 'started' | 'next'; title: string }
  | { kind: 'paused' | 'resumed' | 'settings' }
  | { kind: 'break'; lastedMs: number }
  | { kind: 'seeked'; positionMs: number }
  | { kind: 'added'; title: string; count: number }
  | { kind: 'renamed'; name: string }
  | { kind: 'role'; name: string; role: RoomRole }
)

export interface Before {
  playback: Playback | null
  roomName: string
  roleOf(personId: string): RoomRole | undefined
  titleOf(mediaId: string): string
}

/** Lines kept; older ones are of no use to anybody. */
const MOST_HAPPENINGS = 200
/** The same person doing the same again within this time is one line. */
const FOLD_MS = 15_000
/** A step smaller than this is the room's own rounding, not somebody's jump. */
const JUMP_MS = 1500

/** The line an event makes, or none. */
export function happeningOf(event: RoomEvent, before: Before): Happening | null {
  const at = { seq: event.seq, atMs: event.atMs, by: event.byName }
  const { body } = event
  switch (body.case) {
    case 'memberJoined':
      return { ...at, kind: 'joined', name: body.value.name }
    case 'memberRemoved': {
      const { how, name, reason } = body.value
      if (how === 'kicked' || how === 'banned') return { ...at, kind: how, name, reason }
      return { ...at, kind: 'left', name }
    }
    case 'memberChanged': {
      const was = before.roleOf(body.value.personId)
      if (was === undefined || was === body.value.role) return null
      return { ...at, kind: 'role', name: body.value.name, role: body.value.role }
    }
    case 'mediaAdded':
      return { ...at, kind: 'added', title: body.value.media[0]?.title ?? '', count: body.value.media.length }
    case 'roomChanged':
      if (body.value.name !== before.roomName) return { ...at, kind: 'renamed', name: body.value.name }
      return event.by ? { ...at, kind: 'settings' } : null
    case 'playback':
      return playbackLine(at, body.value, before)
    default:
      return null
  }
}

type At = { seq: number; atMs: number; by: string }

function playbackLine(at: At, now: Playback, before: Before): Happening | null {
  const was = before.playback
  const by = { ...at, by: now.setByName || at.by }
  if (now.mediaId && now.mediaId !== was?.mediaId) {
    const title = before.titleOf(now.mediaId)
    if (!title) return null
    return { ...by, kind: by.by ? 'started' : 'next', title }
  }
  // What the server does by itself is seen on the stage; it is nobody's deed.
  if (!was || !by.by) return null
  if (was.playing && !now.playing) return { ...by, kind: 'paused' }
  if (!was.playing && now.playing) return { ...by, kind: 'resumed' }
  if (was.rate !== now.rate || was.loop !== now.loop || Boolean(was.hold) !== Boolean(now.hold)) return null
  const expected = positionAt(was, now.atMs)
  if (Math.abs(expected - now.positionMs) > JUMP_MS) return { ...by, kind: 'seeked', positionMs: now.positionMs }
  return null
}

/** Appends, folding repeats of one person into the last line. */
export function remember(lines: readonly Happening[], line: Happening): Happening[] {
  const last = lines[lines.length - 1]
  const same =
    last && last.kind === line.kind && last.by === line.by && line.atMs - last.atMs < FOLD_MS && line.kind === 'seeked'
  const kept = same ? lines.slice(0, -1) : lines
  return [...kept, line].slice(-MOST_HAPPENINGS)
}

/** Sorted by the server's order key; ids break ties so that every client agrees. */
export function inOrder(media: readonly Media[]): Media[] {
  const key = (m: Media): string => `${m.orderKey}\u0000${m.id}`
  return [...media].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
