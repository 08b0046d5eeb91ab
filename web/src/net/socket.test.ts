import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ClientMessageSchema, ServerMessageSchema } from '../gen/synctv/v1/realtime_pb'
import type { ClientMessage, ServerMessage } from '../gen/synctv/v1/realtime_pb'
import type { Connection } from '../room/contract'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS, backoff } from './backoff'
import { ApiError } from './errors'
import { RoomSocket } from './socket'
import type { Wire } from './socket'

class FakeWire implements Wire {
  binaryType = ''
  onmessage: ((e: MessageEvent) => void) | null = null
  onclose: ((e: CloseEvent) => void) | null = null
  readonly sent: ClientMessage[] = []
  closed = false
  constructor(readonly url: URL) {}
  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(fromBinary(ClientMessageSchema, data))
  }
  close(): void {
    this.closed = true
  }
  say(body: MessageInitShape<typeof ServerMessageSchema>['body']): void {
    const bytes = toBinary(ServerMessageSchema, create(ServerMessageSchema, { body: body! }))
    this.hear(bytes)
  }
  hear(bytes: Uint8Array): void {
    this.onmessage?.(new MessageEvent('message', { data: bytes.slice().buffer }))
  }
  die(): void {
    this.onclose?.(new Event('close') as CloseEvent)
  }
}

/** A socket on virtual time: nothing happens but by pass(). */
class Bench {
  now = 0
  random = 0.5
  ticketError: ApiError | null = null
  readonly wires: FakeWire[] = []
  readonly messages: ServerMessage[] = []
  readonly connections: Connection[] = []
  readonly pongs: { t0: number; t3: number }[] = []
  private timers: { id: number; at: number; f: () => void }[] = []
  private ids = 0
  private tickets = 0
  readonly socket = new RoomSocket(
    {
      ticket: async () => {
        if (this.ticketError) throw this.ticketError
        return `t${++this.tickets}`
      },
      open: (url) => {
        const wire = new FakeWire(new URL(url))
        this.wires.push(wire)
        return wire
      },
      url: 'ws://here/ws/rooms/room_1',
      now: () => this.now,
      random: () => this.random,
      setTimeout: (f, ms) => {
        this.timers.push({ id: ++this.ids, at: this.now + ms, f })
        return this.ids
      },
      clearTimeout: (id) => {
        this.timers = this.timers.filter((x) => x.id !== id)
      },
    },
    {
      onMessage: (m) => this.messages.push(m),
      onPong: (s) => this.pongs.push(s),
      onConnection: (c) => this.connections.push(c),
    },
  )

  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at)
      const next = this.timers[0]
      if (!next || next.at > end) break
      this.timers.shift()
      this.now = Math.max(this.now, next.at)
      next.f()
      await this.settle()
    }
    this.now = end
    await this.settle()
  }
  get wire(): FakeWire {
    return this.wires[this.wires.length - 1]!
  }
  async open(seq = 5): Promise<FakeWire> {
    this.socket.start()
    await this.settle()
    this.wire.say({ case: 'welcome', value: { seq, epoch: 'e1', snapshot: {} } })
    return this.wire
  }
  get seqs(): number[] {
    return this.messages.flatMap((m) => (m.body.case === 'event' ? [m.body.value.seq] : []))
  }
  get state(): Connection {
    return this.connections[this.connections.length - 1]!
  }
}

const event = (seq: number) => ({ case: 'event' as const, value: { seq } })

describe('RoomSocket', () => {
  it('delivers events in order and drops repeats', async () => {
    const b = await bench()
    for (const seq of [6, 6, 7, 5, 8]) b.wire.say(event(seq))
    expect(b.seqs).toEqual([6, 7, 8])
  })

  it('resumes at the last good event when one is missing', async () => {
    const b = await bench()
    b.wire.say(event(6))
    b.wire.say(event(8))
    await b.settle()
    expect(b.seqs).toEqual([6])
    expect(b.wires).toHaveLength(2)
    expect(b.wire.url.searchParams.get('after')).toBe('6')
    expect(b.wire.url.searchParams.get('epoch')).toBe('e1')
    b.wire.say({ case: 'welcome', value: { seq: 8, epoch: 'e1', resumed: true } })
    b.wire.say(event(7))
    b.wire.say(event(8))
    expect(b.seqs).toEqual([6, 7, 8])
  })

  it('resumes when a beacon knows more', async () => {
    const b = await bench()
    b.wire.say({ case: 'beacon', value: { seq: 9 } })
    await b.settle()
    expect(b.wires).toHaveLength(2)
  })

  it('does not storm when holes repeat', async () => {
    const b = await bench()
    b.wire.say(event(9))
    await b.settle()
    b.wire.say({ case: 'welcome', value: { seq: 9, epoch: 'e1', resumed: true } })
    b.wire.say(event(9))
    await b.settle()
    expect(b.wires).toHaveLength(2)
    await b.pass(BACKOFF_MAX_MS)
    expect(b.wires).toHaveLength(3)
  })

  it('backs off, with a fresh ticket each time, and starts anew after a stable stay', async () => {
    const b = await bench()
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      b.wire.die()
      if (b.state.state !== 'reconnecting') throw new Error(b.state.state)
      waits.push(b.state.nextInMs)
      await b.pass(b.state.nextInMs)
    }
    expect(waits).toEqual([750, 1250, 1250, 1250, 1250, 1250])
    expect(new Set(b.wires.map((w) => w.url.searchParams.get('ticket'))).size).toBe(b.wires.length)
    b.wire.say({ case: 'welcome', value: { epoch: 'e1', resumed: true } })
    for (let i = 0; i < 4; i++) {
      await b.pass(4000)
      b.wire.say({ case: 'beacon', value: { seq: 0 } })
    }
    b.wire.die()
    expect(b.state).toMatchObject({ state: 'reconnecting', nextInMs: 750 })
  })

  it('honours a goodbye', async () => {
    const b = await bench()
    b.wire.say({ case: 'goodbye', value: { code: 'restarting', mayReturn: true, retryAfterMs: 3000 } })
    b.wire.die()
    expect(b.state).toMatchObject({ state: 'reconnecting', nextInMs: 3750 })
  })

  it('stays away when told not to return', async () => {
    const b = await bench()
    b.wire.say({ case: 'goodbye', value: { code: 'banned', message: 'no', mayReturn: false } })
    b.wire.die()
    expect(b.state).toEqual({ state: 'closed', code: 'banned', message: 'no', mayReturn: false })
    await b.pass(60_000)
    expect(b.wires).toHaveLength(1)
  })

  it('ends when the ticket is refused for good, and retries when the server is away', async () => {
    const gone = new Bench()
    gone.ticketError = new ApiError('not_found', 'gone')
    gone.socket.start()
    await gone.settle()
    expect(gone.state).toMatchObject({ state: 'closed', code: 'not_found' })

    const away = new Bench()
    away.ticketError = new ApiError('network', 'away')
    away.socket.start()
    await away.settle()
    expect(away.state.state).toBe('reconnecting')
    away.ticketError = null
    away.socket.retryNow()
    await away.settle()
    expect(away.wires).toHaveLength(1)
  })

  it('sends a lasting request again with the same client id until it is acknowledged', async () => {
    const b = await bench()
    const done = b.socket.request({ case: 'chat', value: { text: 'hi', clientId: 'c1' } }, true)
    b.wire.die()
    await b.pass(8000)
    b.wire.say({ case: 'welcome', value: { epoch: 'e1', resumed: true } })
    const again = b.wire.sent[0]!
    expect(again.body).toMatchObject({ case: 'chat', value: { clientId: 'c1' } })
    b.wire.say({ case: 'ack', value: { id: again.id, seq: 6 } })
    expect((await done).seq).toBe(6)
  })

  it('fails other requests when the line breaks, and at once while it is away', async () => {
    const b = await bench()
    const lost = b.socket.request({ case: 'intent', value: {} })
    b.wire.die()
    await expect(lost).rejects.toMatchObject({ code: 'offline' })
    await expect(b.socket.request({ case: 'intent', value: {} })).rejects.toMatchObject({ code: 'offline' })
  })

  it('hands over a refusal with the state as it is', async () => {
    const b = await bench()
    const refused = b.socket.request({ case: 'intent', value: {} })
    const error = { code: 'stale', message: 'moved on', field: 'base_media_id' }
    b.wire.say({ case: 'refusal', value: { id: b.wire.sent[0]!.id, error, playback: { revision: 9 } } })
    await expect(refused).rejects.toMatchObject({ code: 'stale', field: 'baseMediaId', playback: { revision: 9 } })
  })

  it('notices a silent line and an unanswered request', async () => {
    const b = await bench()
    await b.pass(17_000)
    expect(b.wires.length).toBeGreaterThan(1)

    const c = await bench()
    const never = c.socket.request({ case: 'intent', value: {} })
    never.catch(() => undefined)
    await c.pass(6000)
    c.wire.say({ case: 'beacon', value: { seq: 5 } })
    await c.pass(6000)
    await expect(never).rejects.toMatchObject({ code: 'offline' })
  })

  it('asks for everything again when it cannot read a frame', async () => {
    const b = await bench()
    b.wire.hear(new Uint8Array([0xff, 0xff, 0xff]))
    await b.settle()
    expect(b.wire.url.searchParams.get('after')).toBe('0')
  })

  it('stamps pongs with the time of arrival', async () => {
    const b = await bench()
    b.now = 1234
    b.wire.say({ case: 'pong', value: { t0: 1200, t1: 7, t2: 8 } })
    expect(b.pongs).toEqual([{ t0: 1200, t1: 7, t2: 8, t3: 1234 }])
  })
})

it('keeps every wait between its bounds', () => {
  for (let n = 0; n < 40; n++) {
    for (const r of [0, 0.3, 0.999]) {
      const wait = backoff(n, () => r)
      expect(wait).toBeGreaterThanOrEqual(BACKOFF_MIN_MS)
      expect(wait).toBeLessThanOrEqual(BACKOFF_MAX_MS)
    }
  }
})

async function bench(): Promise<Bench> {
  const b = new Bench()
  await b.open()
  return b
}
