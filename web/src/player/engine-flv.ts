// HTTP-FLV through Media Source Extensions: the shortest way from the encoder. A chunk of its own, loaded when a stream is
// played that way.

import mpegts from 'mpegts.js'
import type { Variant } from '../gen/synctv/v1/media_pb'
import type { Engine, EngineHooks, LiveFeed } from './engine'
import { faultOfStatus, type Fault } from './fault'

/** Opens a stream that does not end. Its distance from the edge is decided elsewhere. */
export function openFlv(video: HTMLVideoElement, variant: Variant, hooks: EngineHooks): Engine {
  if (!mpegts.getFeatureList().mseLivePlayback) throw { kind: 'codec' } satisfies Fault
  mpegts.LoggingControl.enableAll = false
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, url: new URL(variant.url, location.href).href },
    {
      isLive: true,
      enableWorker: false,
      // Bytes go on as they come; what a stash gains in calm it costs in delay.
      enableStashBuffer: false,
      lazyLoad: false,
      deferLoadAfterSourceOpen: false,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: 60,
      autoCleanupMinBackwardDuration: 30,
    },
  )
  let gone = false
  const fault = (f: Fault) => {
    if (!gone) hooks.onFault(f)
  }
  player.on(mpegts.Events.ERROR, (type: string, _: string, info?: { code?: number }) => {
    if (type === mpegts.ErrorTypes.MEDIA_ERROR) fault({ kind: 'codec' })
    else fault(info?.code && info.code >= 400 ? faultOfStatus(info.code) : { kind: 'unreachable' })
  })
  // A live stream does not complete: the server has ended it, or the line broke without a word.
  player.on(mpegts.Events.LOADING_COMPLETE, () => fault({ kind: 'unreachable' }))
  player.attachMediaElement(video)
  player.load()
  return {
    kind: 'flv',
    live: feedOf(video),
    levels: () => [],
    level: () => -1,
    setLevel: () => {},
    destroy() {
      gone = true
      player.destroy()
    },
  }
}

function feedOf(video: HTMLVideoElement): LiveFeed {
  return {
    dateMs: () => null,
    edge: () => null,
    start: () => (video.buffered.length > 0 ? video.buffered.start(0) : null),
    askedMs: () => null,
    notes: () => [],
    steers: true,
  }
}
