// The number pad positions of ASS: 1-3 at the bottom, 4-6 in the middle, 7-9 at the top.

import type { Place } from './cue'

/** Place of a number 1 to 9; anything else is bottom centre. */
export function anPlace(an: number): Place {
  if (!(an >= 1 && an <= 9)) return { x: 'center', y: 'bottom' }
  const x = (['left', 'center', 'right'] as const)[(an - 1) % 3] ?? 'center'
  const y = (['bottom', 'middle', 'top'] as const)[Math.floor((an - 1) / 3)] ?? 'bottom'
  return { x, y }
}
