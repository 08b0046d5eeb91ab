/** Calm colours that carry dark text at 4.5:1 or better. */
const COLOURS = ['#8ee3c8', '#ffc58a', '#b9a8ff', '#ff9fb0', '#9fd0ff', '#d6e38a', '#f3b6ec', '#a7e58f', '#ffd76b', '#8fdbe8']

/** The same person has the same colour everywhere. */
function colourOf(id: string): string {
  let hash = 0
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) >>> 0
  return COLOURS[hash % COLOURS.length] ?? '#8ee3c8'
}

/** Two letters for names in letters, one sign for names in ideographs or signs. */
function initials(name: string): string {
  const signs = [...name.trim()]
  if (signs.length === 0) return '?'
  const words = name.trim().split(/\s+/)
  if (!/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(name.trim())) return signs[0] ?? '?'
  if (words.length > 1) return `${[...(words[0] ?? '')][0]}${[...(words[1] ?? '')][0]}`.toUpperCase()
  return signs.slice(0, 2).join('').toUpperCase()
}

/** A person's round sign. Decorative, and so not even text: the name always stands beside it or in a label. */
export function Face({ id, name, big }: { id: string; name: string; big?: boolean }) {
  return (
    <span class={big ? 'face big' : 'face'} style={{ background: colourOf(id) }} data-sign={initials(name)} aria-hidden="true" />
  )
}
