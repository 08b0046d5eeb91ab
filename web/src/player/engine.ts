// What feeds a media element. An engine brings the bytes of one variant to the element and says
// what went wrong; the position, the rate and the state are read from the element itself.
//
// A new kind of stream is one more file that returns an Engine and one more line in openEngine.

import type { Source, Variant } from '../gen/synctv/v1/media_pb'
import { openNative } from './engine-native'
import type { Fault } from './fault'

export interface Level {
  label: string
}

/** What an engine knows of a live stream. Media times are seconds of the element. */
export interface LiveFeed {
  /** When the server received what is on the screen now, in Unix milliseconds of the server's clock; null when nobody said. */
  dateMs(): number | null
  /** The edge as the playlist has it; null: as far as there are bytes. */
  edge(): number | null
  /** The first that can be gone back to; null when there is no way back. */
  start(): number | null
  /** The distance from the edge that the playlist asks for, in milliseconds; null when it does not say. */
  askedMs(): number | null
  /** What went wrong lately and was mended, newest last; for traces. */
  notes(): readonly string[]
  /** The element takes orders about its speed and place. */
  readonly steers: boolean
}

export interface Engine {
  readonly kind: 'native' | 'hls' | 'flv'
  /** Of live streams alone. */
  readonly live?: LiveFeed
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

/** What of a source its engines want to know. */
export type About = Pick<Source, 'live' | 'streamId'>

export type OpenEngine = (video: HTMLVideoElement, variant: Variant, about: About, hooks: EngineHooks) => Promise<Engine>

const nothing: Engine = { kind: 'hls', levels: () => [], level: () => -1, setLevel: () => {}, destroy: () => {} }

/** Opens the engine a variant needs; large ones are loaded then. */
export const openEngine: OpenEngine = async (video, variant, about, hooks) => {
  switch (kindOf(variant, video, about.live)) {
    case 'native': return openNative(video, variant, about.live, hooks)
    case 'hls': {
      const { openHls } = await import('./engine-hls')
      return hooks.wanted() ? openHls(video, variant, about, hooks) : nothing
    }
    case 'flv': {
      const { openFlv } = await import('./engine-flv')
      return hooks.wanted() ? openFlv(video, variant, hooks) : nothing
    }
    case 'none': throw { kind: 'codec' } satisfies Fault
  }
}

const types: Record<string, string> = { mp4: 'video/mp4', webm: 'video/webm', mkv: 'video/x-matroska', mp3: 'audio/mpeg' }
const hlsType = 'application/vnd.apple.mpegurl'

type CanPlay = Pick<HTMLVideoElement, 'canPlayType'>

/** Which engine a variant needs here. */
export function kindOf(variant: Pick<Variant, 'container' | 'url'>, video: CanPlay, live = false, apple = isApple()): 'native' | 'hls' | 'flv' | 'none' {
  const hls = variant.container === 'hls' || (variant.container === '' && /\.m3u8($|[?#])/i.test(variant.url))
  const mse = typeof MediaSource !== 'undefined'
  if (variant.container === 'flv') return live && mse ? 'flv' : 'none'
  if (!hls) return 'native'
  // Chromium can open HLS by itself too, but then tells neither levels nor the reason of a failure. Of a live stream
  // nobody's own player says enough to hold it to a distance, so there the browser's own is the last resort.
  const native = video.canPlayType(hlsType) !== ''
  const managed = live && typeof (globalThis as { ManagedMediaSource?: unknown }).ManagedMediaSource !== 'undefined'
  if (mse || managed) return native && apple && !live ? 'native' : 'hls'
  return native ? 'native' : 'none'
}

function isApple(): boolean {
  return typeof navigator !== 'undefined' && /Apple/.test(navigator.vendor ?? '')
}

/** How likely a variant plays here: 2 the browser says so, 1 nobody knows, 0 it says no. */
export function likelihood(variant: Pick<Variant, 'container' | 'url' | 'codecs'>, video: CanPlay, live = false): 0 | 1 | 2 {
  if (kindOf(variant, video, live) === 'none') return 0
  const type = types[variant.container]
  if (variant.codecs.length === 0) return type && video.canPlayType(type) ? 2 : 1
  const full = `${type ?? 'video/mp4'}; codecs="${variant.codecs.join(', ')}"`
  return video.canPlayType(full) === '' ? 0 : 2
}

/** Sorts variants: what plays before what may not, otherwise the server's order. The wished one goes first. */
export function orderVariants(variants: readonly Variant[], video: CanPlay, wished: string, live = false): Variant[] {
  const rank = (v: Variant) => (wished !== '' && variantKey(v) === wished ? 3 : likelihood(v, video, live))
  return [...variants].sort((a, b) => rank(b) - rank(a))
}

/** Names a variant across two resolutions of the same item, where addresses differ. */
export function variantKey(v: Pick<Variant, 'container' | 'quality' | 'proxied'>): string {
  return `${v.proxied ? 'proxy' : 'direct'}/${v.quality}/${v.container}`
}
