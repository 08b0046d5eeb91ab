// Whether the controls may fade: nobody has moved for a while, and nothing on them is in use.

import { signal, type Signal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'

const idleAfterMs = 2500

export interface Idle {
  readonly idle: Signal<boolean>
  /** Shows the controls and starts the wait anew. */
  stir(): void
  /** Fades at once, for a second tap on a phone. */
  rest(): void
}

export function useIdle(root: RefObject<HTMLElement | null>): Idle {
  const self = useMemo(() => {
    const idle = signal(false)
    let timer = 0
    const check = () => {
      const busy = root.current?.querySelector(':focus-visible, .st-bar:hover [aria-expanded="true"], .st-drag')
      if (busy && busy !== root.current) timer = window.setTimeout(check, idleAfterMs)
      else idle.value = true
    }
    const stir = () => {
      idle.value = false
      clearTimeout(timer)
      timer = window.setTimeout(check, idleAfterMs)
    }
    const rest = () => {
      clearTimeout(timer)
      idle.value = true
    }
    return { idle, stir, rest, stop: () => clearTimeout(timer) }
  }, [root])
  useEffect(() => {
    const el = root.current
    if (!el) return
    const move = (e: PointerEvent) => {
      if (e.pointerType !== 'touch') self.stir()
    }
    const leave = (e: PointerEvent) => {
      // A finger that lifts is no pointer that leaves.
      if (e.pointerType !== 'touch' && !el.querySelector(':focus-visible')) self.rest()
    }
    el.addEventListener('pointermove', move)
    el.addEventListener('pointerleave', leave)
    el.addEventListener('focusin', self.stir)
    el.addEventListener('keydown', self.stir)
    self.stir()
    return () => {
      self.stop()
      el.removeEventListener('pointermove', move)
      el.removeEventListener('pointerleave', leave)
      el.removeEventListener('focusin', self.stir)
      el.removeEventListener('keydown', self.stir)
    }
  }, [root, self])
  return self
}
