// What somebody pasted, read as addresses.

/** Most links of one paste. */
export const MOST_LINKS = 100

/** Every http, https, rtmp or rtmps address in a text, in order, without repeats. */
export function findLinks(text: string): string[] {
  const out = new Set<string>()
  for (const word of text.split(/[\s<>"']+/)) {
    const link = asLink(word)
    if (link) out.add(link)
  }
  return [...out]
}

/** A word as an address; "example.com/film.mp4" without a scheme is one too. */
function asLink(word: string): string | null {
  const full = /^(https?|rtmps?):\/\//i.test(word) ? word : /^[\w-]+(\.[\w-]+)+(:\d+)?\/\S+$/.test(word) ? `https://${word}` : ''
  if (!full) return null
  try {
    const url = new URL(full)
    return url.hostname ? url.href : null
  } catch {
    return null
  }
}

/** True when something was typed, so that an empty result is a mistake and not a wish. */
export function looksLikeText(text: string): boolean {
  return text.trim() !== ''
}

/** The last part of an address as a title, for the moment before the server knows better. */
export function titleOf(link: string): string {
  try {
    const url = new URL(link)
    const last = url.pathname.split('/').filter(Boolean).pop()
    return last ? decodeURIComponent(last) : url.hostname
  } catch {
    return link
  }
}
