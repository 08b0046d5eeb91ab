// The room's playback state as the wire carries it, and where the media stands at a given time. Times are milliseconds of
// server time, positions milliseconds of media.

export interface HoldState {
  readonly reason: string
  /** Session ids the room waits for. */
  readonly waiting: readonly string[]
  readonly untilMs: number
}

/** A generated `Playback` message fits this shape as it is. */
export interface PlaybackState {
  readonly revision: number
  readonly epoch: string
  /** Empty: nothing is chosen. */
  readonly mediaId: string
  /** Position at atMs. */
  readonly positionMs: number
  /** May lie in the future: a scheduled start. */
  readonly atMs: number
  readonly rate: number
  /** Speed of the position before atMs: 0 for a start, the old rate for a change of rate. */
  readonly leadRate: number
  readonly playing: boolean
  readonly live: boolean
  /** 0: not known. */
  readonly durationMs: number
  readonly hold?: HoldState | undefined
  readonly setBy: string
  readonly clientId: string
}

const maxPositionMs = 1e10

/** Where the media stands at a time of the server's clock, in milliseconds. */
export function positionAt(s: PlaybackState, serverMs: number): number {
  let p = s.positionMs
  if (s.playing && !s.hold) {
    const elapsed = serverMs - s.atMs
    p += elapsed * (elapsed >= 0 ? s.rate : s.leadRate)
  }
  const end = s.durationMs > 0 && !s.live ? s.durationMs : maxPositionMs
  return Math.min(Math.max(p, 0), end)
}

/** Whether the position advances at that time. */
export function isMoving(s: PlaybackState, serverMs: number): boolean {
  return s.playing && !s.hold && (serverMs >= s.atMs || s.leadRate > 0)
}

/** The speed of the room at that time, also while it stands. */
export function roomRate(s: PlaybackState, serverMs: number): number {
  return serverMs < s.atMs && s.leadRate > 0 ? s.leadRate : s.rate
}

/** What became of a state that was offered to the model. */
export type Accepted = 'first' | 'newer' | 'old'

/** Keeps the newest state. Revisions order states of one epoch; an epoch that was left never comes back. */
export class Model {
  private current: PlaybackState | null = null
  private left: string[] = []

  get state(): PlaybackState | null {
    return this.current
  }

  /** Takes a state from the stream; one that is not newer than what is known is ignored. */
  accept(next: PlaybackState): Accepted {
    const now = this.current
    if (now && now.epoch === next.epoch && next.revision <= now.revision) return 'old'
    if (now && now.epoch !== next.epoch) {
      if (this.left.includes(next.epoch)) return 'old'
      this.left = [...this.left, now.epoch].slice(-8)
    }
    this.current = next
    return now ? 'newer' : 'first'
  }

  /** Takes a snapshot, which is right whatever was known before. */
  reset(snapshot: PlaybackState | null): void {
    this.current = snapshot
    this.left = []
  }

  /** Whether a beacon shows that nothing was missed; if not, ask for a snapshot. */
  agrees(revision: number, hash: number): boolean {
    const s = this.current
    if (!s) return revision === 0
    // A beacon that left before the newest state arrived says nothing.
    return revision < s.revision || (revision === s.revision && hash === stateHash(s))
  }
}

/**
 * A fingerprint of the state, the same as the server computes: FNV-1a (32 bit) over a text of whole numbers and names. See
 * State.Hash of the server's playback package, with which it shares test vectors.
 */
export function stateHash(s: PlaybackState): number {
  const whole = (v: number) => String(Math.floor(v + 0.5))
  const parts = [
    String(s.revision), s.epoch, s.mediaId, whole(s.positionMs * 1000), whole(s.atMs * 1000),
    whole(s.rate * 1000), whole(s.leadRate * 1000), s.playing ? '1' : '0', whole(s.durationMs * 1000),
  ]
  if (s.hold) parts.push(s.hold.reason, whole(s.hold.untilMs * 1000), s.hold.waiting.join(','))
  return fnv1a(parts.join('\n'))
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5
  const add = (byte: number) => {
    h = Math.imul(h ^ byte, 0x01000193)
  }
  for (const ch of text) {
    const c = ch.codePointAt(0) ?? 0
    if (c < 0x80) add(c)
    else if (c < 0x800) {
      add(0xc0 | (c >> 6))
      add(0x80 | (c & 63))
    } else if (c < 0x10000) {
      add(0xe0 | (c >> 12))
      add(0x80 | ((c >> 6) & 63))
      add(0x80 | (c & 63))
    } else {
      add(0xf0 | (c >> 18))
      add(0x80 | ((c >> 12) & 63))
      add(0x80 | ((c >> 6) & 63))
      add(0x80 | (c & 63))
    }
  }
  return h >>> 0
}
