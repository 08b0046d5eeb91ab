import type { ComponentChildren } from 'preact'

/** Hues that look like evenings, water and woods rather than neon. */
const HUES = [28, 196, 96, 18, 212, 164, 44, 232, 350]

/** A soft light in a colour of the room's own, where others would show a thumbnail. */
export function Poster({ id, idle, children }: { id: string; idle?: boolean; children?: ComponentChildren }) {
  let hash = 7
  for (let i = 0; i < id.length; i++) hash = (hash * 33 + id.charCodeAt(i)) >>> 0
  const style = `--h:${HUES[hash % HUES.length]};--x:${25 + (hash >>> 9) % 50}%;--y:${26 + (hash >>> 15) % 26}%`
  return (
    <div class={idle ? 'poster idle' : 'poster'} style={style}>
      {children}
    </div>
  )
}
