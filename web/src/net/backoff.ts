/** Shortest and longest wait between two tries. */
export const BACKOFF_MIN_MS = 500
export const BACKOFF_MAX_MS = 8000
/** The longest wait while a restart is the likely reason: people should be back soon after the server is. */
const BACKOFF_EARLY_MS = 2000
const EARLY_TRIES = 10

/**
 * Wait before try number attempt (0 is the first): random between the shortest
 * wait and a ceiling that doubles, so that a room full of people does not come
 * back in step.
 */
export function backoff(attempt: number, random: () => number): number {
  const most = attempt < EARLY_TRIES ? BACKOFF_EARLY_MS : BACKOFF_MAX_MS
  const ceiling = Math.min(most, BACKOFF_MIN_MS * 2 ** Math.min(attempt + 1, 10))
  return Math.round(BACKOFF_MIN_MS + random() * (ceiling - BACKOFF_MIN_MS))
}
