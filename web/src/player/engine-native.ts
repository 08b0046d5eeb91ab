// The browser's own player: mp4, webm, mp3, where it can mkv, and HLS on Apple's systems.

import type { Variant } from '../gen/synctv/v1/media_pb'
import { diagnose } from './fault'
import type { Engine, EngineHooks, LiveFeed } from './engine'

/** Points the element at the address. No crossorigin: nothing here reads pixels, and hosts without CORS keep working. */
export function openNative(video: HTMLVideoElement, variant: Variant, live: boolean, hooks: EngineHooks): Engine {
  let gone = false
  const onError = () => {
    if (gone || !video.error) return
    const code = video.error.code
    // Decoding broke: the file is what it is. Everything else may be the network, whatever the code says.
    if (code === MediaError.MEDIA_ERR_DECODE) return hooks.onFault({ kind: 'codec' })
    void diagnose(variant.url).then((fault) => {
      if (gone) return
      const network = code === MediaError.MEDIA_ERR_NETWORK && fault.kind === 'codec'
      hooks.onFault(network ? { kind: 'unreachable' } : fault)
    })
  }
  video.addEventListener('error', onError)
  video.removeAttribute('crossorigin')
  video.src = variant.url
  video.load()
  return {
    kind: 'native',
    ...(live && { live: nativeFeed(video) }),
    levels: () => [],
    level: () => -1,
    setLevel: () => {},
    destroy() {
      gone = true
      video.removeEventListener('error', onError)
      video.removeAttribute('src')
      video.load()
    },
  }
}

/** Safari tells when its timeline began; it keeps its own distance and takes no orders about it. */
function nativeFeed(video: HTMLVideoElement & { getStartDate?: () => Date }): LiveFeed {
  const last = () => (video.seekable.length > 0 ? video.seekable.length - 1 : -1)
  return {
    dateMs: () => {
      const began = video.getStartDate?.().getTime() ?? NaN
      return Number.isFinite(began) ? began + video.currentTime * 1000 : null
    },
    edge: () => (last() >= 0 ? video.seekable.end(last()) : null),
    start: () => (last() >= 0 ? video.seekable.start(0) : null),
    askedMs: () => null,
    notes: () => [],
    steers: false,
  }
}
