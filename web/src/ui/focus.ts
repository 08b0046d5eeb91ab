// Where the focus was, and where it goes when that is gone.

const TAKES = 'a[href], button, input, select, textarea, summary, [tabindex]'
/** What has the focus again may go a moment later, with the row that a deed was about. */
const LOOK_AGAIN_MS = [150, 600, 1500]

/**
 * Remembers where the focus is. What it returns brings it back there or, when that has gone, to the nearest thing
 * around it that takes focus. For the row of a menu it is the button that opened the menu.
 */
export function wayBack(from: Element | null = document.activeElement): () => void {
  const chain: Element[] = []
  for (let el = from; el && el !== el.ownerDocument.body; el = el.parentElement) {
    chain.push(el)
    const opener = el.getAttribute('role') === 'menu' ? el.previousElementSibling : null
    if (opener) chain.push(opener)
  }
  return () => {
    const given = give(chain)
    if (given) for (const ms of LOOK_AGAIN_MS) setTimeout(() => lost(given) && give(chain), ms)
  }
}

/** Gives the focus to the first that takes it. */
function give(chain: readonly Element[]): Element | null {
  for (const el of chain) {
    if (!el.isConnected || !(el instanceof HTMLElement) || !el.matches(TAKES)) continue
    el.focus({ preventScroll: true })
    if (el.ownerDocument.activeElement === el) return el
  }
  return null
}

/** Whether the focus went with it, and nobody has put it anywhere since. */
function lost(given: Element): boolean {
  return !given.isConnected && given.ownerDocument.activeElement === given.ownerDocument.body
}

/** Whether a pointer that hovers is at hand: there, giving focus to a box opens no keyboard on the screen. */
export function hovers(): boolean {
  return matchMedia('(hover: hover)').matches
}
