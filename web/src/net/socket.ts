// One room's WebSocket: opens it, keeps it open, and guarantees that events
// reach the listener once, in order, without a hole.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { ClientMessageSchema, ServerMessageSchema } from '../gen/synctv/v1/realtime_pb'
import type { Ack, Goodbye, RoomEvent, ServerMessage } from '../gen/synctv/v1/realtime_pb'
import type { Connection } from '../room/contract'
import { backoff } from './backoff'
import { ApiError, asApiError } from './errors'

/** The part of WebSocket that is used. */
export interface Wire {
  binaryType: string
  onmessage: ((e: MessageEvent) => void) | null
  onclose: ((e: CloseEvent) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number): void
}

export interface SocketDeps {
  /** A fresh one-time ticket; fails with an ApiError that says why not. */
  ticket(): Promise<string>
  open(url: string, protocol: string): Wire
  /** Address without the query, for example "wss://host/ws/rooms/room_1". */
  url: string
  now(): number
  random(): number
  setTimeout(f: () => void, ms: number): number
  clearTimeout(id: number): void
}

export interface SocketEvents {
  /** Every message that belongs to the room's state; events come without gaps or repeats. */
  onMessage(m: ServerMessage): void
  /** A clock answer; t3 was read before anything else was done with the frame. */
  onPong(sample: { t0: number; t1: number; t2: number; t3: number }): void
  onConnection(c: Connection): void
}

type Body = NonNullable<MessageInitShape<typeof ClientMessageSchema>['body']>

interface Pending {
  body: Body
  /** Sent again after a reconnect: only for what the server recognises as a repeat. */
  lasting: boolean
  deadline: number
  resolve(ack: Ack): void
  reject(e: ApiError): void
}

const PROTOCOL = 'synctv.v1.proto'
/** Beacons come every 5 s; three missing ones mean a dead line. */
const SILENCE_MS = 15_000
const REQUEST_MS = 10_000
/** A connection that lived this long starts the back-off anew. */
const STABLE_MS = 10_000
/** Two resumes closer than this go through the back-off. */
const RESUME_CALM_MS = 3000
/** Refusals of the ticket that waiting does not cure. */
const FINAL: ReadonlySet<string> = new Set([
  'not_found', 'permission_denied', 'banned', 'unauthenticated', 'guests_not_allowed', 'account_disabled',
  'wrong_room_password', 'kicked', 'room_closed',
])

export class RoomSocket {
  private wire: Wire | null = null
  private welcomed = false
  private welcomedAt = 0
  private resumedAt = Number.NEGATIVE_INFINITY
  private stopped = false
  private attempt = 0
  private generation = 0
  private goodbye: Goodbye | null = null
  private retryTimer = 0
  private watchTimer = 0
  private heardAt = 0
  private nextId = 1
  private readonly pending = new Map<number, Pending>()
  private seq = 0
  private epoch = ''

  constructor(
    private readonly deps: SocketDeps,
    private readonly events: SocketEvents,
  ) {}

  start(): void {
    this.events.onConnection({ state: 'connecting' })
    void this.connect()
  }

  /** Closes for good. */
  stop(): void {
    this.stopped = true
    this.generation++
    this.deps.clearTimeout(this.retryTimer)
    this.dropWire()
    this.failAll(new ApiError('offline', 'The room was left.'))
  }

  /** Tries at once, for example because the network is back. */
  retryNow(): void {
    if (this.stopped || this.wire || this.retryTimer === 0) return
    this.deps.clearTimeout(this.retryTimer)
    this.retryTimer = 0
    void this.connect()
  }

  /** Reconnects to get what was missed; with fresh, a whole snapshot. */
  resume(fresh = false): void {
    if (this.stopped || !this.wire) return
    if (fresh) {
      this.seq = 0
      this.epoch = ''
    }
    this.dropWire()
    this.generation++
    const now = this.deps.now()
    const again = now - this.resumedAt < RESUME_CALM_MS
    this.resumedAt = now
    // Once is a hole; at once again is a fault that must not become a storm.
    if (again) this.retryAfter(0)
    else void this.connect()
  }

  get isOpen(): boolean {
    return this.welcomed
  }

  /** Last event sequence number that was delivered. */
  get lastSeq(): number {
    return this.seq
  }

  /** Sends without asking for a reply; dropped while disconnected. Reads the clock as late as possible for pings. */
  cast(body: Body): boolean {
    if (!this.welcomed || !this.wire) return false
    this.wire.send(encode(0, body))
    return true
  }

  /**
   * Sends and waits for the ack. A lasting request survives a reconnect and is
   * sent again until acknowledged or refused; any other fails with "offline".
   */
  request(body: Body, lasting = false): Promise<Ack> {
    if (!lasting && !this.welcomed) {
      return Promise.reject(new ApiError('offline', 'The connection is away.'))
    }
    const id = this.nextId++
    return new Promise<Ack>((resolve, reject) => {
      this.pending.set(id, { body, lasting, deadline: this.deps.now() + REQUEST_MS, resolve, reject })
      if (this.welcomed && this.wire) this.wire.send(encode(id, body))
    })
  }

  private async connect(): Promise<void> {
    const generation = ++this.generation
    this.goodbye = null
    let ticket: string
    try {
      ticket = await this.deps.ticket()
    } catch (e) {
      if (generation === this.generation && !this.stopped) this.onNoTicket(asApiError(e))
      return
    }
    if (generation !== this.generation || this.stopped) return
    const query = new URLSearchParams({ ticket, after: String(this.seq), epoch: this.epoch })
    const wire = this.deps.open(`${this.deps.url}?${query}`, PROTOCOL)
    wire.binaryType = 'arraybuffer'
    this.wire = wire
    this.heardAt = this.deps.now()
    wire.onmessage = (e) => {
      const at = this.deps.now()
      if (this.wire === wire) this.receive(e.data, at)
    }
    wire.onclose = () => {
      if (this.wire === wire) this.onClosed()
    }
    this.watch()
  }

  private onNoTicket(e: ApiError): void {
    if (FINAL.has(e.code)) {
      this.finish(e.code, e.message, e.code === 'unauthenticated')
      return
    }
    this.retryAfter(e.retryAfterMs)
  }

  private onClosed(): void {
    this.dropWire()
    const bye = this.goodbye
    if (bye && !bye.mayReturn) {
      this.finish(bye.code, bye.message, bye.code === 'kicked')
      return
    }
    this.retryAfter(bye?.retryAfterMs ?? 0)
  }

  private finish(code: string, message: string, mayReturn: boolean): void {
    this.stopped = true
    this.failAll(new ApiError(code, message))
    this.events.onConnection({ state: 'closed', code, message, mayReturn })
  }

  private retryAfter(leastMs: number): void {
    const wait = leastMs + backoff(this.attempt, this.deps.random)
    this.attempt++
    this.events.onConnection({ state: 'reconnecting', attempt: this.attempt, nextInMs: wait })
    this.deps.clearTimeout(this.retryTimer)
    this.retryTimer = this.deps.setTimeout(() => {
      this.retryTimer = 0
      void this.connect()
    }, wait)
  }

  private dropWire(): void {
    const wire = this.wire
    this.wire = null
    if (this.welcomed && this.deps.now() - this.welcomedAt > STABLE_MS) this.attempt = 0
    this.welcomed = false
    this.deps.clearTimeout(this.watchTimer)
    if (wire) {
      wire.onmessage = null
      wire.onclose = null
      wire.close()
    }
    for (const [id, p] of this.pending) {
      if (p.lasting) continue
      this.pending.delete(id)
      p.reject(new ApiError('offline', 'The connection was lost before the answer came.'))
    }
  }

  private failAll(e: ApiError): void {
    for (const p of this.pending.values()) p.reject(e)
    this.pending.clear()
  }

  /** Notices a line that died without a word, and requests nobody answered. */
  private watch(): void {
    this.deps.clearTimeout(this.watchTimer)
    this.watchTimer = this.deps.setTimeout(() => {
      const now = this.deps.now()
      const overdue = [...this.pending.values()].some((p) => this.welcomed && now > p.deadline)
      if (now - this.heardAt > SILENCE_MS || overdue) this.onClosed()
      else this.watch()
    }, 1000)
  }

  private receive(data: unknown, at: number): void {
    if (!(data instanceof ArrayBuffer)) return
    let m: ServerMessage
    try {
      m = fromBinary(ServerMessageSchema, new Uint8Array(data))
    } catch {
      // Bytes we cannot read may hide an event: ask for everything again.
      this.resume(true)
      return
    }
    this.heardAt = at
    this.dispatch(m, at)
  }

  private dispatch(m: ServerMessage, at: number): void {
    const { body } = m
    switch (body.case) {
      case 'pong':
        this.events.onPong({ t0: body.value.t0, t1: body.value.t1, t2: body.value.t2, t3: at })
        return
      case 'welcome':
        this.seq = body.value.resumed ? this.seq : body.value.seq
        this.epoch = body.value.epoch
        this.events.onMessage(m)
        this.onWelcome()
        return
      case 'event':
        this.onEvent(m, body.value)
        return
      case 'ack':
        this.settle(body.value.id)?.resolve(body.value)
        return
      case 'refusal': {
        const e = body.value.error ? ApiError.from(body.value.error) : new ApiError('internal', 'The server refused.')
        e.playback = body.value.playback
        this.settle(body.value.id)?.reject(e)
        return
      }
      case 'beacon':
        if (body.value.seq > this.seq) this.resume()
        else this.events.onMessage(m)
        return
      case 'goodbye':
        this.goodbye = body.value
        return
      default:
        this.events.onMessage(m)
    }
  }

  private onWelcome(): void {
    this.welcomed = true
    this.welcomedAt = this.deps.now()
    this.events.onConnection({ state: 'open' })
    for (const [id, p] of this.pending) {
      p.deadline = this.welcomedAt + REQUEST_MS
      this.wire?.send(encode(id, p.body))
    }
  }

  private onEvent(m: ServerMessage, event: RoomEvent): void {
    if (event.seq <= this.seq) return
    if (event.seq > this.seq + 1) {
      this.resume()
      return
    }
    this.seq = event.seq
    this.events.onMessage(m)
  }

  private settle(id: number): Pending | undefined {
    const p = this.pending.get(id)
    this.pending.delete(id)
    return p
  }
}

function encode(id: number, body: Body): Uint8Array<ArrayBuffer> {
  return toBinary(ClientMessageSchema, create(ClientMessageSchema, { id, body }))
}
