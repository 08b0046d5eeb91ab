// What feeds a media element. An engine brings the bytes of one variant to the element and says
// what went wrong; the position, the rate and the state are read from the element itself.
//
// A new kind of stream (HTTP-FLV, low-latency live) is one more file that returns an Engine and
// one more line in openEngine.

import type { Variant } from '../gen/synctv/v1/media_pb'
import { openNative } from './engine-native'
import type { Fault } from './fault'

export interface Level {
  label: string
}

export interface Engine {
  readonly kind: 'native' | 'hls'
  /** Pictures sizes to choose from; empty when there is no choice. */
  levels(): Level[]
  /** Index into levels, -1 is automatic. */
  level(): number
  setLevel(index: number): void
  /** Releases the element. Nothing is reported afterwards. */
  destroy(): void
}

export interface EngineHooks {
  onFault(fault: Fault): void
  /** Levels or tracks changed. */
  onChange(): void
  /** False when another item was asked for meanwhile: the element must then be left alone. */
  wanted(): boolean
}

export type OpenEngine = (video: HTMLVideoElement, variant: Variant, live: boolean, hooks: EngineHooks) => Promise<Engine>

const nothing: Engine = { kind: 'hls', levels: () => [], level: () => -1, setLevel: () => {}, destroy: () => {} }

/** Opens the engine a variant needs; large ones are loaded then. */
export const openEngine: OpenEngine = async (video, variant, live, hooks) => {
  switch (kindOf(variant, video)) {
    case 'native': return openNative(video, variant, hooks)
    case 'hls': {
      const { openHls } = await import('./engine-hls')
      return hooks.wanted() ? openHls(video, variant, live, hooks) : nothing
    }
    case 'none': throw { kind: 'codec' } satisfies Fault
  }
}

const types: Record<string, string> = { mp4: 'video/mp4', webm: 'video/webm', mkv: 'video/x-matroska', mp3: 'audio/mpeg' }
const hlsType = 'application/vnd.apple.mpegurl'

type CanPlay = Pick<HTMLVideoElement, 'canPlayType'>

/** Which engine a variant needs here. */
export function kindOf(variant: Pick<Variant, 'container' | 'url'>, video: CanPlay, apple = isApple()): 'native' | 'hls' | 'none' {
  const hls = variant.container === 'hls' || (variant.container === '' && /\.m3u8($|[?#])/i.test(variant.url))
  if (variant.container === 'flv') return 'none'
  if (!hls) return 'native'
  // Chromium can open HLS by itself too, but then tells neither levels nor the reason of a failure.
  const native = video.canPlayType(hlsType) !== ''
  const mse = typeof MediaSource !== 'undefined'
  return native && (apple || !mse) ? 'native' : mse ? 'hls' : 'none'
}

function isApple(): boolean {
  return typeof navigator !== 'undefined' && /Apple/.test(navigator.vendor ?? '')
}

/** How likely a variant plays here: 2 the browser says so, 1 nobody knows, 0 it says no. */
export function likelihood(variant: Pick<Variant, 'container' | 'url' | 'codecs'>, video: CanPlay): 0 | 1 | 2 {
  if (kindOf(variant, video) === 'none') return 0
  const type = types[variant.container]
  if (variant.codecs.length === 0) return type && video.canPlayType(type) ? 2 : 1
  const full = `${type ?? 'video/mp4'}; codecs="${variant.codecs.join(', ')}"`
  return video.canPlayType(full) === '' ? 0 : 2
}

/** Sorts variants: what plays before what may not, otherwise the server's order. The wished one goes first. */
export function orderVariants(variants: readonly Variant[], video: CanPlay, wished: string): Variant[] {
  const rank = (v: Variant) => (wished !== '' && variantKey(v) === wished ? 3 : likelihood(v, video))
  return [...variants].sort((a, b) => rank(b) - rank(a))
}

/** Names a variant across two resolutions of the same item, where addresses differ. */
export function variantKey(v: Pick<Variant, 'container' | 'quality' | 'proxied'>): string {
  return `${v.proxied ? 'proxy' : 'direct'}/${v.quality}/${v.container}`
}
