// HLS through Media Source Extensions. A chunk of its own, loaded with the first HLS item.

import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData } from 'hls.js'
import type { Variant } from '../gen/synctv/v1/media_pb'
import type { About, Engine, EngineHooks, LiveFeed } from './engine'
import { faultOfStatus, type Fault } from './fault'

/** Where a stream of this server begins to play, in seconds from the edge: about where it is held. */
const beginS = 0.8

/** Opens a playlist. Films buffer half a minute; where a live stream is, is not decided here. */
export function openHls(video: HTMLVideoElement, variant: Variant, { live, streamId }: About, hooks: EngineHooks): Engine {
  const hls = new Hls({
    maxBufferLength: 30,
    maxMaxBufferLength: 90,
    maxBufferSize: 60_000_000,
    backBufferLength: 60,
    startFragPrefetch: true,
    capLevelToPlayerSize: true,
    // Our controller owns the position of a film; small holes are jumped as soon as they are met.
    maxBufferHole: 0.3,
    lowLatencyMode: live,
    ...(streamId ? { liveSyncDuration: beginS } : { liveSyncDurationCount: 3 }),
    maxLiveSyncPlaybackRate: 1,
    liveDurationInfinity: live,
  })
  if (live) countShortParts(hls)
  let mended = 0
  const notes: string[] = []
  hls.on(Events.ERROR, (_, data) => {
    notes.push(`${Math.round(performance.now())} ${data.details}${data.response?.code ? ` ${data.response.code}` : ''}${data.fatal ? ' fatal' : ''}`)
    if (notes.length > 30) notes.shift()
    if (!data.fatal) return
    // A decoder may stumble over one segment; the second time it is the stream.
    if (data.type === ErrorTypes.MEDIA_ERROR && data.details !== ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR && mended++ < 1) {
      hls.recoverMediaError()
      return
    }
    hooks.onFault(faultOf(data))
  })
  hls.on(Events.MANIFEST_PARSED, () => hooks.onChange())
  hls.on(Events.LEVEL_SWITCHED, () => hooks.onChange())
  hls.loadSource(variant.url)
  hls.attachMedia(video)
  return {
    kind: 'hls',
    ...(live && { live: feedOf(hls, notes) }),
    levels: () => (hls.levels.length > 1 ? hls.levels.map((l) => ({ label: l.height ? `${l.height}p` : `${Math.round(l.bitrate / 1000)} kbit/s` })) : []),
    level: () => (hls.autoLevelEnabled ? -1 : hls.currentLevel),
    setLevel: (index) => {
      hls.nextLevel = index
    },
    destroy: () => hls.destroy(),
  }
}

/**
 * hls.js (1.7) takes a segment for buffered when no more than 0.2 s of it are missing. With parts of 0.2 s, that is when its
 * last part is: when a page was busy for a moment it never loads that part, and stands still until the gap is nudged over.
 */
function countShortParts(hls: Hls): void {
  const { coreComponents } = hls as unknown as { coreComponents?: { bufferPadding?: number }[] }
  for (const part of coreComponents ?? []) if (part.bufferPadding !== undefined) part.bufferPadding = 0.01
}

function feedOf(hls: Hls, notes: readonly string[]): LiveFeed {
  const details = () => hls.latestLevelDetails
  return {
    dateMs: () => hls.playingDate?.getTime() ?? null,
    edge: () => {
      const media = hls.media
      return details() && media ? media.currentTime + hls.latency : null
    },
    start: () => details()?.fragmentStart ?? null,
    askedMs: () => (hls.targetLatency ? hls.targetLatency * 1000 : null),
    notes: () => notes,
    steers: true,
  }
}

function faultOf(data: ErrorData): Fault {
  if (data.type === ErrorTypes.MEDIA_ERROR || data.type === ErrorTypes.MUX_ERROR) return { kind: 'codec' }
  const status = data.response?.code
  return status ? faultOfStatus(status) : { kind: 'unreachable' }
}
