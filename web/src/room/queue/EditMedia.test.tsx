// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf'
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MediaSchema, type Media } from '../../gen/synctv/v1/media_pb'
import { speak } from '../../i18n'
import { en } from '../../i18n/en'
import type { LiveRoom } from '../store'
import { EditMedia } from './EditMedia'

const root = document.createElement('div')
const item = (url: string, words: string) =>
  create(MediaSchema, { id: 'med_1', title: 'Film', provider: 'direct', url, subtitles: [{ url: words, label: 'English', format: 'srt' }] })
const whole = item('https://example.com/a.mp4', 'https://example.com/a.srt')
/** As it is told to the whole room. */
const bare = item('', '')
let arrives: () => void = () => undefined
let sent: Record<string, unknown>[] = []
const room = {
  roomId: 'room_1',
  api: {
    call: (method: { name: string }, init: Record<string, unknown>) => {
      if (method.name === 'ListMedia') return new Promise((done) => (arrives = () => done({ media: [whole] })))
      sent.push(init)
      return Promise.resolve(whole)
    },
  },
} as unknown as LiveRoom

const boxes = () => [...root.querySelectorAll('input:not([type=radio])')] as HTMLInputElement[]
const settles = () => act(async () => void (await new Promise((r) => setTimeout(r, 20))))
const open = (media: Media) => act(() => render(<EditMedia room={room} media={media} onClose={() => undefined} />, root))
function type(box: HTMLInputElement | undefined, text: string): void {
  act(() => {
    if (box) box.value = text
    box?.dispatchEvent(new Event('input', { bubbles: true }))
  })
}
const save = () => act(() => void root.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })))

beforeEach(() => {
  speak('en', en)
  HTMLDialogElement.prototype.showModal ??= function showModal() { this.open = true }
  sent = []
  document.body.append(root)
})
afterEach(() => {
  act(() => render(null, root))
  root.remove()
})

it('asks for the addresses, and keeps what is typed until they come', async () => {
  open(bare)
  type(boxes()[1], 'https://example.com/new.mp4')
  arrives()
  await settles()
  expect(boxes().map((b) => b.value)).toEqual(['Film', 'https://example.com/new.mp4', 'https://example.com/a.srt', 'English'])
})

it('saved before they came leaves them alone', async () => {
  open(bare)
  type(boxes()[0], 'A film')
  save()
  await settles()
  expect(sent).toEqual([expect.objectContaining({ title: 'A film', setSubtitles: false })])
  expect(sent[0]).not.toHaveProperty('url')
})

it('of a live stream changes the title and nothing else', async () => {
  open(create(MediaSchema, { id: 'med_2', title: 'Songs', provider: 'live' }))
  expect(boxes()).toHaveLength(1)
  type(boxes()[0], 'More songs')
  save()
  await settles()
  expect(sent).toEqual([{ roomId: 'room_1', mediaId: 'med_2', title: 'More songs' }])
})
