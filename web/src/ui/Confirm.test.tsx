// @vitest-environment happy-dom
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { speak } from '../i18n'
import { en } from '../i18n/en'
import { ConfirmHost, confirm } from './Confirm'

const root = document.createElement('div')
const run = vi.fn(() => Promise.resolve())

beforeEach(() => {
  speak('en', en)
  HTMLDialogElement.prototype.showModal ??= function showModal() { this.open = true }
  run.mockReset()
  run.mockImplementation(() => Promise.resolve())
  document.body.append(root)
  act(() => render(<ConfirmHost />, root))
})
afterEach(() => {
  act(() => [...root.querySelectorAll('button')].find((b) => b.textContent === 'Cancel')?.click())
  act(() => render(null, root))
  root.remove()
})

function answer(text: string): void {
  const box = root.querySelector('input') as HTMLInputElement
  act(() => {
    box.value = text
    box.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

/** What Enter in the only field of a form does, whatever the button says. */
const enter = () => act(() => void root.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })))

it('does not do by Enter what its button would not do', () => {
  act(() => confirm({ title: 'Delete', text: 'All of it', typed: 'Film club', action: 'Delete', run }))
  enter()
  answer('film')
  enter()
  expect(run).not.toHaveBeenCalled()
  answer('Film club')
  enter()
  expect(run).toHaveBeenCalledExactlyOnceWith('Film club')
})

it('does it once, however often Enter is pressed', () => {
  run.mockImplementation(() => new Promise(() => undefined))
  act(() => confirm({ title: 'Remove Bo', text: '', ask: 'Reason', action: 'Remove', run }))
  enter()
  enter()
  expect(run).toHaveBeenCalledOnce()
})

it('is open before the next key can come', async () => {
  confirm({ title: 'Remove Bo', text: '', ask: 'Reason', action: 'Remove', run })
  // Rendering is a microtask; a frame has not passed.
  for (let i = 0; i < 20 && !root.querySelector('dialog')?.open; i++) await Promise.resolve()
  expect(root.querySelector('dialog')?.open).toBe(true)
  expect(root.querySelector('input')?.hasAttribute('autofocus')).toBe(true)
})
