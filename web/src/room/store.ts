// The room store: a RoomSocket, the reducer, and the verbs of the page.
import { computed, signal } from '@preact/signals'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { AuthService } from '../gen/synctv/v1/auth_pb'
import { ChatService } from '../gen/synctv/v1/chat_pb'
import type { DanmakuSchema, Message } from '../gen/synctv/v1/chat_pb'
import { MediaKind, MediaService } from '../gen/synctv/v1/media_pb'
import type { Media, Source } from '../gen/synctv/v1/media_pb'
import type { IntentSchema, Playback } from '../gen/synctv/v1/playback_pb'
import type { Beacon, Report, ServerMessage } from '../gen/synctv/v1/realtime_pb'
import { RoomService } from '../gen/synctv/v1/rooms_pb'
import { StreamService } from '../gen/synctv/v1/streams_pb'
import type { Stream } from '../gen/synctv/v1/streams_pb'
import { tokenOf } from '../live/token'
import type { Api } from '../net/api'
import { stateHash } from '../sync/model'
import { asApiError } from '../net/errors'
import { RoomSocket } from '../net/socket'
import type { SocketDeps } from '../net/socket'
import type { ClockSample, Connection, RoomStore } from './contract'
import { inOrder } from './happenings'
import { emptyRoom, findMedia, keepMine, prependMessages, putMessage, reduce, withPlayback } from './reduce'
import type { RoomState } from './reduce'
import { OnAir } from './onair'
import { ReportGate } from './reports'

/** A message of mine that the server has not confirmed. */
export interface Outgoing {
  clientId: string
  text: string
  danmaku: MessageInitShape<typeof DanmakuSchema> | undefined
  atMs: number
  /** Sentence-ready error when it failed; null while it is on its way. */
  error: unknown
}

export interface RoomDeps {
  api: Api
  roomId: string
  /** Where the socket lives, for example "wss://host/ws/rooms/room_1". */
  socketUrl: string
  clock: Pick<SocketDeps, 'now' | 'random' | 'setTimeout' | 'clearTimeout'>
  open: SocketDeps['open']
  newId(): string
}

/** Folders looked through for a current item nobody has shown us. */
const MOST_FOLDERS = 30
const PAGE = 200
const HISTORY_PAGE = 50

export class LiveRoom implements RoomStore {
  private readonly state = signal<RoomState>(emptyRoom)
  readonly roomId: string
  readonly api: Api

  readonly info = computed(() => this.state.value.info)
  readonly me = computed(() => this.state.value.me)
  readonly sessionId = computed(() => this.state.value.sessionId)
  readonly playback = computed(() => this.state.value.playback)
  readonly media = computed(() => this.state.value.folders[''] as Media[])
  readonly folders = computed(() => this.state.value.folders)
  readonly current = computed(() => findMedia(this.state.value, this.state.value.playback?.mediaId ?? ''))
  readonly messages = computed(() => this.state.value.messages as Message[])
  readonly messagesComplete = computed(() => this.state.value.messagesComplete)
  readonly people = computed(() => this.state.value.people as RoomState['people'][number][])
  readonly happenings = computed(() => this.state.value.happenings)
  readonly removed = computed(() => this.state.value.removed)
  readonly closed = computed(() => this.state.value.closed)
  readonly membersVersion = computed(() => this.state.value.membersVersion)
  readonly connection = signal<Connection>({ state: 'connecting' })
  readonly outbox = signal<readonly Outgoing[]>([])
  /** Who of the queue's live items is on the air. */
  readonly onAir = new OnAir({
    resolve: (mediaId) => this.resolve(mediaId),
    stream: (source) => this.api.call(StreamService.method.getStream, { streamId: source.streamId, token: tokenOf(source) }),
    hidden: () => document.hidden,
  })
  private readonly permissions = computed(() => new Set(this.state.value.me?.permissions))

  private readonly socket: RoomSocket
  private readonly gate: ReportGate
  private readonly clockListeners = new Set<(s: ClockSample) => void>()
  private readonly danmakuListeners = new Set<(m: Message) => void>()
  private searching = ''

  constructor(private readonly deps: RoomDeps) {
    this.roomId = deps.roomId
    this.api = deps.api
    this.gate = new ReportGate(deps.clock, (report) => this.socket.cast({ case: 'report', value: report }))
    this.socket = new RoomSocket(
      {
        ...deps.clock,
        open: deps.open,
        url: deps.socketUrl,
        ticket: async () => (await deps.api.call(AuthService.method.createTicket, { roomId: deps.roomId })).ticket,
      },
      {
        onMessage: (m) => this.take(m),
        onPong: (sample) => this.clockListeners.forEach((l) => l(sample)),
        onConnection: (c) => {
          this.connection.value = c
        },
      },
    )
  }

  start(): void {
    this.socket.start()
  }

  stop(): void {
    this.gate.stop()
    this.socket.stop()
  }

  /** Tries to connect at once: the network is back, or somebody pressed the button. */
  retryNow(): void {
    this.socket.retryNow()
  }

  can(action: string): boolean {
    return this.permissions.value.has(action)
  }

  async intent(init: MessageInitShape<typeof IntentSchema>): Promise<Playback> {
    const now = this.state.peek().playback
    const body = {
      baseRevision: now?.revision ?? 0,
      baseMediaId: now?.mediaId ?? '',
      clientId: this.deps.newId(),
      ...init,
    }
    try {
      const ack = await this.socket.request({ case: 'intent', value: body })
      if (ack.playback) this.update((s) => withPlayback(s, ack.playback as Playback))
      return ack.playback ?? (this.state.peek().playback as Playback)
    } catch (e) {
      const shown = asApiError(e).playback
      if (shown) this.update((s) => withPlayback(s, shown))
      throw e
    }
  }

  async say(text: string, danmaku?: MessageInitShape<typeof DanmakuSchema>): Promise<void> {
    await this.deliver({ clientId: this.deps.newId(), text, danmaku, atMs: Date.now(), error: null })
  }

  /** Sends a failed message again, under the id it had. */
  async sayAgain(clientId: string): Promise<void> {
    const one = this.outbox.peek().find((o) => o.clientId === clientId)
    if (one) await this.deliver({ ...one, error: null })
  }

  discard(clientId: string): void {
    this.outbox.value = this.outbox.peek().filter((o) => o.clientId !== clientId)
  }

  private async deliver(one: Outgoing): Promise<void> {
    this.discard(one.clientId)
    this.outbox.value = [...this.outbox.peek(), one]
    const { clientId, text, danmaku } = one
    const value = danmaku ? { text, clientId, danmaku } : { text, clientId }
    try {
      const ack = await this.socket.request({ case: 'chat', value }, true)
      if (ack.message) {
        const m = ack.message
        this.update((s) => ({ ...s, messages: putMessage(s.messages, m) }))
      }
      this.discard(clientId)
    } catch (error) {
      this.outbox.value = this.outbox.peek().map((o) => (o.clientId === clientId ? { ...o, error } : o))
      throw error
    }
  }

  async edit(messageId: string, text: string): Promise<void> {
    await this.socket.request({ case: 'edit', value: { messageId, text } })
  }

  async remove(messageId: string): Promise<void> {
    await this.socket.request({ case: 'delete', value: { messageId } })
  }

  report(report: Report): void {
    this.gate.offer(report)
  }

  ping(t0: number): void {
    this.socket.cast({ case: 'ping', value: { t0 } })
  }

  onClockSample(listener: (s: ClockSample) => void): () => void {
    this.clockListeners.add(listener)
    return () => this.clockListeners.delete(listener)
  }

  onDanmaku(listener: (m: Message) => void): () => void {
    this.danmakuListeners.add(listener)
    return () => this.danmakuListeners.delete(listener)
  }

  async danmakuBetween(mediaId: string, fromMs: number, toMs: number): Promise<Message[]> {
    const request = { roomId: this.roomId, mediaId, fromMs, toMs }
    return (await this.api.call(ChatService.method.listDanmaku, request)).messages
  }

  resolve(mediaId: string): Promise<Source> {
    return this.api.call(MediaService.method.resolveMedia, { roomId: this.roomId, mediaId })
  }

  stream(source: Source): Promise<Stream> {
    return this.onAir.ask(source)
  }

  /** Loads the page before the oldest message. */
  async loadOlder(): Promise<void> {
    const oldest = this.state.peek().messages[0]
    const cursor = this.olderCursor
    const page = await this.api.call(ChatService.method.listMessages, {
      roomId: this.roomId,
      page: { limit: HISTORY_PAGE, cursor },
    })
    this.olderCursor = page.page?.nextCursor ?? ''
    const complete = this.olderCursor === ''
    this.update((s) => prependMessages(s, page.messages, complete))
    // The first page of history is what the snapshot held already: one more brings news.
    if (!complete && this.state.peek().messages[0] === oldest) await this.loadOlder()
  }
  private olderCursor = ''

  /** Loads a folder once; later changes arrive as events. */
  async openFolder(id: string): Promise<readonly Media[]> {
    const known = this.state.peek().folders[id]
    if (known) return known
    const media: Media[] = []
    let cursor = ''
    do {
      const page = await this.api.call(MediaService.method.listMedia, {
        roomId: this.roomId,
        parentId: id,
        page: { limit: PAGE, cursor },
      })
      media.push(...page.media)
      cursor = page.page?.nextCursor ?? ''
    } while (cursor && media.length < 5 * PAGE)
    this.update((s) => ({ ...s, folders: { ...s.folders, [id]: inOrder(media) } }))
    return media
  }

  /** Asks again for what only I may see of the room: my permissions and the invite code. */
  async refreshMine(): Promise<void> {
    const room = await this.api.call(RoomService.method.getRoom, { roomId: this.roomId })
    this.update((s) => ({
      ...s,
      info: { ...keepMine(room, s.info), favourite: room.favourite, inviteCode: room.inviteCode },
      me: s.me && { ...s.me, role: room.myRole || s.me.role, permissions: room.myPermissions },
    }))
  }

  private update(change: (s: RoomState) => RoomState): void {
    this.state.value = change(this.state.peek())
  }

  private take(m: ServerMessage): void {
    this.update((s) => reduce(s, m))
    const { body } = m
    if (body.case === 'beacon') this.check(body.value)
    if (body.case === 'you') void this.refreshMine().catch(() => undefined)
    if (body.case === 'welcome' && body.value.snapshot) this.olderCursor = ''
    if (body.case !== 'event') {
      this.lookForCurrent()
      return
    }
    const event = body.value.body
    if (event.case === 'message') {
      if (event.value.clientId && event.value.personId === this.me.peek()?.personId) this.discard(event.value.clientId)
      if (event.value.danmaku) {
        const message = event.value
        this.danmakuListeners.forEach((l) => l(message))
      }
    }
    if (event.case === 'playback') this.lookForCurrent()
    if (event.case === 'roomChanged') void this.refreshMine().catch(() => undefined)
  }

  /** Two beacons in a row that contradict us: our state is wrong, take a new one. */
  private check({ revision, hash }: Beacon): void {
    const mine = this.state.peek().playback
    // One that left before our newest state arrived says nothing.
    const agrees = !mine || revision < mine.revision || (revision === mine.revision && hash === stateHash(mine))
    const odd = agrees ? 0 : this.oddBeacons + 1
    this.oddBeacons = odd % 2
    if (odd === 2) this.socket.resume(true)
  }
  private oddBeacons = 0

  private lookForCurrent(): void {
    const id = this.state.peek().playback?.mediaId ?? ''
    if (!id || this.searching === id || this.current.peek()) return
    this.searching = id
    void this.search(id)
      .catch(() => undefined)
      .finally(() => {
        this.searching = ''
      })
  }

  /** Walks the folders until the item that plays is found. */
  private async search(id: string): Promise<void> {
    const open = this.media.peek().filter((m) => m.kind === MediaKind.FOLDER)
    for (let i = 0; i < open.length && i < MOST_FOLDERS; i++) {
      const items = await this.openFolder((open[i] as Media).id)
      if (items.some((m) => m.id === id)) return
      open.push(...items.filter((m) => m.kind === MediaKind.FOLDER))
    }
  }
}
