// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf'
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RecordingSchema, RecordingState, type Recording } from '../gen/synctv/v1/recordings_pb'
import { StreamSchema, StreamState, type Stream } from '../gen/synctv/v1/streams_pb'
import { speak } from '../i18n'
import { en } from '../i18n/en'
import type { Api } from '../net/api'
import { ApiError } from '../net/errors'
import type { LiveRoom } from '../room/store'
import { ConfirmHost } from '../ui/Confirm'
import { ToastHost } from '../ui/Toasts'
import { Recordings } from './Recordings'

const root = document.createElement('div')
let list: Recording[] = []
let refuse = ''
let sent: [string, Record<string, unknown>][] = []
const api = {
  call: async (method: { name: string }, init: Record<string, unknown>) => {
    if (method.name !== 'ListRecordings') sent.push([method.name, init])
    if (refuse) throw new ApiError(refuse, '')
    if (method.name === 'ListRecordings') return { recordings: list }
    if (method.name === 'DeleteRecording') list = list.filter((r) => r.id !== init['recordingId'])
    return create(StreamSchema, { id: 'str_1', state: StreamState.LIVE, recording: method.name === 'StartRecording' })
  },
} as unknown as Api
const room = { api, roomId: 'room_1', can: (what: string) => what === 'media_add' } as unknown as LiveRoom

/** Answers have come, and are drawn. */
const settles = () => new Promise((r) => setTimeout(r, 60))

async function mount(init: Partial<Stream>, inRoom: LiveRoom | null = room): Promise<ReturnType<typeof vi.fn>> {
  const onStream = vi.fn()
  const stream = create(StreamSchema, { id: 'str_1', title: 'Songs', ...init } as never)
  act(() => render(<><Recordings api={api} room={inRoom} stream={stream} onStream={onStream} /><ConfirmHost /><ToastHost /></>, root))
  await settles()
  return onStream
}
const names = () => [...root.querySelectorAll('.go-records button')].map((b) => b.getAttribute('aria-label') ?? b.textContent)
async function press(name: string): Promise<void> {
  const button = [...root.querySelectorAll('button')].reverse().find((b) => (b.getAttribute('aria-label') ?? b.textContent ?? '').startsWith(name))
  if (!button) throw new Error(`no button ${name} among ${names().join(', ')}`)
  button.focus()
  button.click()
  await settles()
}

beforeEach(() => {
  speak('en', en)
  HTMLDialogElement.prototype.showModal ??= function showModal() { this.open = true }
  list = []
  refuse = ''
  sent = []
  document.body.append(root)
})
afterEach(() => {
  act(() => render(null, root))
  root.remove()
})

it.each([
  ['nobody publishes', { state: StreamState.IDLE }, []],
  ['somebody does', { state: StreamState.LIVE }, ['Record now']],
  ['it is recorded', { state: StreamState.LIVE, recording: true }, ['Stop recording']],
  ['the publisher is expected back', { state: StreamState.RECONNECTING, recording: true }, ['Stop recording']],
] as const)('%s', async (_, stream, buttons) => {
  await mount(stream)
  expect(names()).toEqual(buttons)
  expect(root.querySelector('.go-records .go-recording') !== null).toBe('recording' in stream)
  expect(root.textContent).toContain('Nothing was recorded yet.')
})

it('begins and tells the page', async () => {
  const onStream = await mount({ state: StreamState.LIVE })
  await press('Record now')
  expect(sent).toEqual([['StartRecording', { streamId: 'str_1' }]])
  expect(onStream.mock.calls[0]?.[0].recording).toBe(true)
})

it('says that this server does not record, and offers it no more', async () => {
  await mount({ state: StreamState.LIVE })
  refuse = 'unsupported'
  await press('Record now')
  expect(root.querySelector('[role="alert"]')?.textContent).toBe('This server does not record. Ask whoever runs it.')
  expect(names()).toEqual([])
})

it('says that nobody publishes', async () => {
  await mount({ state: StreamState.LIVE })
  refuse = 'conflict'
  await press('Record now')
  expect(root.querySelector('.toasts')?.textContent).toContain('Nobody publishes right now.')
  expect(names()).toEqual(['Record now'])
})

const made = (id: string, state: RecordingState, title = 'Songs') =>
  create(RecordingSchema, { id, state, title, startedMs: new Date(2020, 4, 3, 20, 41).getTime(), durationMs: 61_000, sizeBytes: 5e6, playUrl: 'https://h/x', expiresMs: 9e12 })

it('offers what each can be used for', async () => {
  list = [made('rec_3', RecordingState.RECORDING), made('rec_2', RecordingState.COMPLETE, 'Rehearsal'), made('rec_1', RecordingState.LOST)]
  await mount({ state: StreamState.IDLE })
  const rows = [...root.querySelectorAll('.go-records li')]
  expect(rows.map((li) => [...li.querySelectorAll('button')].map((b) => b.title))).toEqual([[], ['Put into the queue', 'Save as a file', 'Delete the recording'], ['Delete the recording']])
  expect(rows.map((li) => li.querySelector('.num')?.textContent)).toEqual(['Recording · 1:01 · 5.0 MB', 'Rehearsal · 1:01 · 5.0 MB', 'Its file is gone'])
  await press('Put into the queue')
  expect(sent).toEqual([['AddMedia', { roomId: 'room_1', media: [{ provider: 'recording', url: 'rec_2' }] }]])
})

it('has no queue without a room', async () => {
  list = [made('rec_2', RecordingState.COMPLETE)]
  await mount({ state: StreamState.IDLE }, null)
  expect(names().map((n) => n?.split(':')[0])).toEqual(['Save as a file', 'Delete the recording'])
})

it('asks before it deletes, and then does', async () => {
  list = [made('rec_2', RecordingState.COMPLETE)]
  await mount({ state: StreamState.IDLE })
  await press('Delete the recording')
  expect(sent).toEqual([])
  await press('Delete')
  expect(sent).toEqual([['DeleteRecording', { recordingId: 'rec_2' }]])
  expect(root.querySelectorAll('.go-records li').length).toBe(0)
  expect(document.activeElement?.textContent).toBe('Recordings')
})
