// The order of a folder as it is asked for, ahead of the server's word.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Media } from '../../gen/synctv/v1/media_pb'

/** A wish outlives the server's answer by this much: its event may come a little later. */
const LINGER_MS = 1500

/** The ids with one of them put before another; an empty one puts it last. */
export function reorder(ids: readonly string[], id: string, before: string): string[] {
  const rest = ids.filter((x) => x !== id)
  const at = before === '' ? -1 : rest.indexOf(before)
  return at < 0 ? [...rest, id] : [...rest.slice(0, at), id, ...rest.slice(at)]
}

/** The list in the order of the ids; what they do not name keeps its place at the end. */
export function arrange<T extends { id: string }>(list: readonly T[], ids: readonly string[] | null): readonly T[] {
  if (!ids) return list
  const rank = new Map(ids.map((id, i) => [id, i]))
  return [...list].sort((a, b) => (rank.get(a.id) ?? ids.length) - (rank.get(b.id) ?? ids.length))
}

/**
 * Shows every move at once and sends them one after the other, so that quick presses add up instead of asking
 * for the same step twice.
 */
export function useOrder(list: readonly Media[], send: (m: Media, before: string) => Promise<unknown>) {
  const [wish, setWish] = useState<readonly string[] | null>(null)
  const road = useRef<Promise<unknown>>(Promise.resolve())
  const under = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const shown = arrange(list, wish)
  const settled = wish !== null && under.current === 0 && shown.every((m, i) => m === list[i])
  useEffect(() => {
    if (settled) setWish(null)
  }, [settled])
  const put = (m: Media, before: string): Promise<unknown> => {
    clearTimeout(timer.current)
    setWish(reorder(shown.map((x) => x.id), m.id, before))
    under.current++
    const sent = road.current.then(() => send(m, before))
    road.current = sent.then(
      () => {
        if (--under.current === 0) timer.current = setTimeout(() => setWish(null), LINGER_MS)
      },
      () => {
        under.current--
        setWish(null)
      },
    )
    return sent
  }
  return { shown, put }
}
