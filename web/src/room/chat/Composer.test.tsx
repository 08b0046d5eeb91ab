// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf'
import { computed, signal } from '@preact/signals'
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MessageSchema } from '../../gen/synctv/v1/chat_pb'
import { en } from '../../i18n/en'
import { speak } from '../../i18n'
import { ApiError } from '../../net/errors'
import { ToastHost } from '../../ui/Toasts'
import { RoomContext, ViewContext, makeView } from '../context'
import type { View } from '../context'
import type { LiveRoom } from '../store'
import { Composer } from './Composer'

const say = vi.fn(() => Promise.resolve())
const edit = vi.fn(() => Promise.resolve())
const root = document.createElement('div')
let view: View = makeView()

function mount(): HTMLTextAreaElement {
  const room = {
    can: () => true,
    say,
    edit,
    me: signal({ name: 'Ana', role: 2 }),
    info: signal({ settings: { slowModeMs: 0 } }),
    current: computed(() => ({ id: 'med_1' })),
  } as unknown as LiveRoom
  act(() =>
    render(
      <RoomContext.Provider value={room}>
        <ViewContext.Provider value={view}>
          <Composer />
        </ViewContext.Provider>
      </RoomContext.Provider>,
      root,
    ),
  )
  return root.querySelector('textarea') as HTMLTextAreaElement
}

function type(box: HTMLTextAreaElement, text: string): void {
  act(() => {
    box.value = text
    box.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

function press(box: HTMLTextAreaElement, init: KeyboardEventInit): void {
  act(() => void box.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })))
}

beforeEach(() => {
  speak('en', en)
  say.mockClear()
  edit.mockReset()
  edit.mockImplementation(() => Promise.resolve())
  view = makeView()
  document.body.append(root)
})
afterEach(() => {
  // The switch is remembered, for the next test too.
  act(() => root.querySelector<HTMLElement>('.on-screen-switch [aria-pressed="true"]')?.click())
  act(() => render(null, root))
  root.remove()
})

it('sends with Enter and empties itself', () => {
  const box = mount()
  type(box, '  hello ')
  press(box, { key: 'Enter' })
  expect(say).toHaveBeenCalledExactlyOnceWith('hello', undefined)
  expect(box.value).toBe('')
})

it('never sends while an input method composes', () => {
  const box = mount()
  type(box, 'ni hao')
  press(box, { key: 'Enter', isComposing: true })
  press(box, { key: 'Enter', keyCode: 229 })
  expect(say).not.toHaveBeenCalled()
})

it('switches "On screen" with Shift+Enter and then sends with a lane and a colour', () => {
  const box = mount()
  type(box, 'look')
  press(box, { key: 'Enter', shiftKey: true })
  expect(say).not.toHaveBeenCalled()
  expect(root.querySelector('[aria-pressed]')?.getAttribute('aria-pressed')).toBe('true')
  press(box, { key: 'Enter' })
  expect(say).toHaveBeenCalledExactlyOnceWith('look', { lane: 1, color: 0xffffff })
})

it('counts signs, not code units, and does not send what is too long', () => {
  const box = mount()
  type(box, '🎬'.repeat(1990))
  expect(root.querySelector('.composer-note')?.textContent).toBe('10 characters left')
  type(box, 'x'.repeat(2001))
  press(box, { key: 'Enter' })
  expect(say).not.toHaveBeenCalled()
  expect(root.querySelector('.composer-note')?.textContent).toBe('1 character too many')
})

it('keeps its keys from the player', () => {
  const box = mount()
  const heard = vi.fn()
  document.addEventListener('keydown', heard)
  press(box, { key: ' ' })
  document.removeEventListener('keydown', heard)
  expect(heard).not.toHaveBeenCalled()
})

it('has the focus after its button was pressed', () => {
  const box = mount()
  type(box, 'hello')
  const button = root.querySelector<HTMLButtonElement>('.send')
  button?.focus()
  act(() => button?.click())
  expect(say).toHaveBeenCalledOnce()
  // Otherwise the next words would be keys of the player, for the whole room.
  expect(document.activeElement).toBe(box)
})

it('takes the focus once when it is asked to, and not again when it comes back', () => {
  const box = mount()
  act(() => void (view.wanted.value = 'composer'))
  expect(document.activeElement).toBe(box)
  act(() => render(null, root))
  mount()
  expect(document.activeElement).toBe(document.body)
})

describe('changing a message', () => {
  const message = create(MessageSchema, { id: 'msg_1', text: 'helo' })

  it('has its text in the box before a key can follow, and keeps what is typed then', async () => {
    const box = mount()
    view.changing.value = message
    // Rendering is a microtask; a frame has not passed.
    for (let i = 0; i < 20 && box.value === ''; i++) await Promise.resolve()
    expect(box.value).toBe('helo')
    expect(document.activeElement).toBe(box)
    box.value = 'hello'
    box.dispatchEvent(new Event('input', { bubbles: true }))
    await new Promise((done) => setTimeout(done, 100))
    expect(box.value).toBe('hello')
    press(box, { key: 'Enter' })
    expect(edit).toHaveBeenCalledExactlyOnceWith('msg_1', 'hello')
    expect(box.value).toBe('')
  })

  it('gives back what was being written, sent or given up', () => {
    const box = mount()
    type(box, 'half a thought')
    act(() => void (view.changing.value = message))
    act(() => void (view.changing.value = create(MessageSchema, { id: 'msg_0', text: 'another' })))
    expect(box.value).toBe('another')
    press(box, { key: 'Escape' })
    expect(box.value).toBe('half a thought')
    act(() => void (view.changing.value = message))
    press(box, { key: 'Enter' })
    expect(edit).toHaveBeenCalledExactlyOnceWith('msg_1', 'helo')
    expect(box.value).toBe('half a thought')
  })

  it('keeps the focus when it is given up by its button', () => {
    const box = mount()
    act(() => void (view.changing.value = message))
    const cross = root.querySelector<HTMLButtonElement>('.composer-editing button')
    cross?.focus()
    act(() => cross?.click())
    expect(document.activeElement).toBe(box)
    expect(box.value).toBe('')
  })

  it('that was refused is offered again, and leaves alone what is written by then', async () => {
    edit.mockImplementation(() => Promise.reject(new ApiError('rate_limited', '')))
    const box = mount()
    act(() => void (view.changing.value = message))
    type(box, 'hello')
    press(box, { key: 'Enter' })
    await new Promise((done) => setTimeout(done))
    type(box, 'something else')
    const toasts = document.createElement('div')
    act(() => render(<ToastHost />, toasts))
    const again = [...toasts.querySelectorAll('button')].find((b) => b.textContent === 'Edit')
    expect(box.value).toBe('something else')
    act(() => again?.click())
    expect(box.value).toBe('hello')
    press(box, { key: 'Escape' })
    expect(box.value).toBe('something else')
    act(() => render(null, toasts))
  })
})
