// @vitest-environment happy-dom
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { expect, it, vi } from 'vitest'
import { ToastHost, toast } from './Toasts'

it('does what waits for its undo when the page goes', () => {
  const root = document.createElement('div')
  const onGone = vi.fn()
  act(() => render(<ToastHost />, root))
  act(() => void toast('Gone', { action: { label: 'Undo', run: () => undefined }, onGone }))
  expect(onGone).not.toHaveBeenCalled()
  act(() => void dispatchEvent(new Event('pagehide')))
  expect(onGone).toHaveBeenCalledOnce()
  act(() => render(null, root))
})
