// What the room page's parts may know of each other. The room store implements
// Room; the stage, chat, queue and people read its signals and call its verbs.
import type { ReadonlySignal } from '@preact/signals'
import type { Media, Source } from '../gen/synctv/v1/media_pb'
import type { Message } from '../gen/synctv/v1/chat_pb'
import type { Person, Report } from '../gen/synctv/v1/realtime_pb'
import type { Member } from '../gen/synctv/v1/members_pb'
import type { Intent, Playback } from '../gen/synctv/v1/playback_pb'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import type { Room as RoomInfo } from '../gen/synctv/v1/rooms_pb'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { IntentSchema } from '../gen/synctv/v1/playback_pb'
import type { DanmakuSchema } from '../gen/synctv/v1/chat_pb'

/** The socket's life as the page shows it. */
export type Connection =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'reconnecting'; attempt: number; nextInMs: number }
  | { state: 'closed'; code: string; message: string; mayReturn: boolean }

/** One answered clock ping; all in milliseconds, t0/t3 on performance.now, t1/t2 on the server's clock. */
export interface ClockSample { t0: number; t1: number; t2: number; t3: number }

export interface RoomStore {
  readonly info: ReadonlySignal<RoomInfo | null>
  readonly me: ReadonlySignal<Member | null>
  readonly sessionId: ReadonlySignal<string>
  readonly connection: ReadonlySignal<Connection>
  readonly playback: ReadonlySignal<Playback | null>
  /** The queue: root of the tree, in order. */
  readonly media: ReadonlySignal<Media[]>
  readonly current: ReadonlySignal<Media | null>
  readonly messages: ReadonlySignal<Message[]>
  readonly people: ReadonlySignal<Person[]>

  /** True when my permissions hold the action, for example "playback_control". */
  can(action: string): boolean
  /** Sends an intent; resolves with the state it led to, rejects with ApiError. base_* and client_id are filled in. */
  intent(init: MessageInitShape<typeof IntentSchema>): Promise<Playback>
  /** Sends a chat message, shown at once as pending and retried until acknowledged. */
  say(text: string, danmaku?: MessageInitShape<typeof DanmakuSchema>): Promise<void>
  /** One player report; the store rate-limits to the wire. */
  report(report: Report): void
  /** Sends a clock ping now; every answer goes to onClockSample listeners. */
  ping(t0: number): void
  onClockSample(listener: (s: ClockSample) => void): () => void
  /** A message with danmaku arrived just now (own ones too). */
  onDanmaku(listener: (m: Message) => void): () => void
  /** Danmaku of the current item between two positions (ms), for replay. */
  danmakuBetween(mediaId: string, fromMs: number, toMs: number): Promise<Message[]>
  /** Addresses for the player. */
  resolve(mediaId: string): Promise<Source>
  /** What becomes of the live stream behind a source. */
  stream(source: Source): Promise<Stream>
}
export type { Intent }
