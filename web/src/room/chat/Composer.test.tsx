// @vitest-environment happy-dom
import { computed, signal } from '@preact/signals'
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { en } from '../../i18n/en'
import { speak } from '../../i18n'
import { RoomContext, ViewContext, makeView } from '../context'
import type { LiveRoom } from '../store'
import { Composer } from './Composer'

const say = vi.fn(() => Promise.resolve())
const root = document.createElement('div')

function mount(): HTMLTextAreaElement {
  const room = {
    can: () => true,
    say,
    me: signal({ name: 'Ana', role: 2 }),
    info: signal({ settings: { slowModeMs: 0 } }),
    current: computed(() => ({ id: 'med_1' })),
  } as unknown as LiveRoom
  act(() =>
    render(
      <RoomContext.Provider value={room}>
        <ViewContext.Provider value={makeView()}>
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
  document.body.append(root)
})
afterEach(() => {
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
