// @vitest-environment happy-dom
import { computed, signal } from '@preact/signals'
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { speak } from '../../i18n'
import { en } from '../../i18n/en'
import { ApiError } from '../../net/errors'
import { RoomContext, ViewContext, makeView } from '../context'
import type { LiveRoom } from '../store'
import { AddBox } from './AddBox'

const root = document.createElement('div')
let answer: { done(): void; fail(e: unknown): void } = { done: () => undefined, fail: () => undefined }
let added: string[][] = []
const call = vi.fn((method: { name: string }, init: { media?: { url: string }[] }) => {
  if (method.name !== 'AddMedia') return new Promise(() => undefined)
  added.push((init.media ?? []).map((m) => m.url))
  return new Promise<void>((done, fail) => (answer = { done, fail }))
})

function mount(): HTMLTextAreaElement {
  const room = { can: () => true, roomId: 'room_1', api: { call }, current: computed(() => null), info: signal(null) } as unknown as LiveRoom
  act(() => render(<RoomContext.Provider value={room}><ViewContext.Provider value={view}><AddBox parentId="" /></ViewContext.Provider></RoomContext.Provider>, root))
  return root.querySelector('textarea') as HTMLTextAreaElement
}
let view = makeView()

function type(box: HTMLTextAreaElement, text: string): void {
  act(() => {
    box.value = text
    box.dispatchEvent(new Event('input', { bubbles: true }))
  })
}
const enter = (box: HTMLTextAreaElement) => act(() => void box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })))
const settles = () => act(async () => void (await new Promise((r) => setTimeout(r, 20))))

beforeEach(() => {
  speak('en', en)
  added = []
  view = makeView()
  document.body.append(root)
})
afterEach(() => {
  act(() => render(null, root))
  root.remove()
})

const A = 'https://example.com/a.mp4'
const B = 'https://example.com/b.mp4'

it('adds once, however often Enter is pressed', () => {
  const box = mount()
  type(box, A)
  enter(box)
  enter(box)
  expect(added).toEqual([[A]])
})

it('keeps what is pasted while another link is on its way', async () => {
  const box = mount()
  type(box, A)
  enter(box)
  type(box, B)
  answer.done()
  await settles()
  expect(box.value).toBe(B)
  enter(box)
  expect(added).toEqual([[A], [B]])
})

it('gives back what was refused, beside what was pasted by then', async () => {
  const box = mount()
  type(box, A)
  enter(box)
  type(box, B)
  answer.fail(new ApiError('unavailable', ''))
  await settles()
  expect(box.value).toBe(`${A}\n${B}`)
  expect(root.querySelector('[role=alert]')?.textContent).toBe(en['error.unavailable'])
})

it('takes the focus that was asked for before it was there, once', () => {
  view.wanted.value = 'add-box'
  const box = mount()
  expect(document.activeElement).toBe(box)
  act(() => render(null, root))
  mount()
  expect(document.activeElement).toBe(document.body)
})
