// One live region for what changes by itself. At most one sentence in five
// seconds, the newest wins: a listener must not be talked over.
import { signal } from '@preact/signals'

const EVERY_MS = 5000

export const spoken = signal('')
let lastAt = Number.NEGATIVE_INFINITY
let waiting = ''
let timer: ReturnType<typeof setTimeout> | undefined

export function announce(text: string): void {
  const wait = lastAt + EVERY_MS - performance.now()
  waiting = text
  clearTimeout(timer)
  if (wait <= 0) speak()
  else timer = setTimeout(speak, wait)
}

function speak(): void {
  lastAt = performance.now()
  spoken.value = waiting
}
