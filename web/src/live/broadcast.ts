// A stream as its publisher sees it: found or made once, then looked at every moment.

import { useEffect, useRef, useState } from 'preact/hooks'
import { ListStreamsRequest_Scope, StreamService, type Stream } from '../gen/synctv/v1/streams_pb'
import type { Api } from '../net/api'
import { asApiError } from '../net/errors'

const everyMs = 1500

export interface Broadcast {
  stream: Stream | null
  /** The key that was just made, "" when none was. */
  secret: string
  /** It was made just now, not found. */
  made: boolean
  error: unknown
  setStream(s: Stream): void
  /** Makes a key in place of all others. */
  rotate(): Promise<void>
  again(): void
}

/** Finds the caller's newest stream of a room, or makes one; or takes the one that is named. */
export function useBroadcast(api: Api, roomId: string, streamId: string): Broadcast {
  const [stream, setStream] = useState<Stream | null>(null)
  const [secret, setSecret] = useState('')
  const [made, setMade] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  const here = useRef(true)
  /** How often the page itself changed it: a look from before that is old news. */
  const changes = useRef(0)
  useEffect(() => () => void (here.current = false), [])
  useEffect(() => {
    setError(null)
    findOrMake(api, roomId, streamId).then(
      (found) => {
        if (!here.current) return
        setStream(found.stream)
        setSecret(found.secret)
        setMade(found.secret !== '')
      },
      (e: unknown) => here.current && setError(e),
    )
  }, [turn])
  const id = stream?.id ?? ''
  useEffect(() => {
    if (!id) return
    const timer = setInterval(() => {
      const before = changes.current
      api.call(StreamService.method.getStream, { streamId: id }).then(
        (s) => here.current && before === changes.current && setStream(s),
        (e: unknown) => here.current && asApiError(e).code === 'not_found' && setError(e),
      )
    }, everyMs)
    return () => clearInterval(timer)
  }, [id])
  const rotate = async (): Promise<void> => {
    const key = await api.call(StreamService.method.createPublishKey, { streamId: id, rotate: true })
    setSecret(key.secret)
  }
  const put = (s: Stream): void => {
    changes.current++
    setStream(s)
  }
  return { stream, secret, made, error, setStream: put, rotate, again: () => setTurn(turn + 1) }
}

async function findOrMake(api: Api, roomId: string, streamId: string): Promise<{ stream: Stream | null; secret: string }> {
  if (streamId) return { stream: await api.call(StreamService.method.getStream, { streamId }), secret: '' }
  const { streams } = await api.call(StreamService.method.listStreams, { scope: ListStreamsRequest_Scope.ROOM, roomId, page: { limit: 50 } })
  const mine = streams.find((s) => s.mine)
  if (mine) return { stream: mine, secret: '' }
  const answer = await api.call(StreamService.method.createStream, { roomId })
  return { stream: answer.stream ?? null, secret: answer.key?.secret ?? '' }
}
