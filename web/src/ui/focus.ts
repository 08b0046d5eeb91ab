// Where the focus was, and where it goes when that is gone.

const TAKES = 'a[href], button, input, select, textarea, summary, [tabindex]'

/**
 * Remembers where the focus is. What it returns brings it back there or, when that has gone, to the nearest thing
 * around it that takes focus. For the row of a menu it is the button that opened the menu.
 */
export function wayBack(): () => void {
  const chain: Element[] = []
  for (let el = document.activeElement; el && el !== document.body; el = el.parentElement) {
    chain.push(el)
    const opener = el.getAttribute('role') === 'menu' ? el.previousElementSibling : null
    if (opener) chain.push(opener)
  }
  return () => {
    for (const el of chain) {
      if (!el.isConnected || !(el instanceof HTMLElement) || !el.matches(TAKES)) continue
      el.focus({ preventScroll: true })
      if (document.activeElement === el) return
    }
  }
}

/** Whether a pointer that hovers is at hand: there, giving focus to a box opens no keyboard on the screen. */
export function hovers(): boolean {
  return matchMedia('(hover: hover)').matches
}
