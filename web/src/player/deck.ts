// Everything behind one stage, put together once its elements exist.

import { computed, effect } from '@preact/signals'
import { DanmakuEngine } from '../danmaku/engine'
import type { DanmakuMessage } from '../danmaku/feed'
import { DanmakuLane, type Message } from '../gen/synctv/v1/chat_pb'
import type { RoomStore } from '../room/contract'
import { Conductor } from './conductor'
import { openEngine } from './engine'
import type { Prefs } from './prefs'
import { installProbe, probeWanted } from './probe'
import { attendSession } from './session'
import { SourceLoader } from './source'

export interface Deck {
  conductor: Conductor
  loader: SourceLoader
}

/** Connects the room to the elements; the second value takes everything apart. */
export function setUp(room: RoomStore, video: HTMLVideoElement, layer: HTMLElement, prefs: Prefs): [Deck, () => void] {
  const now = () => performance.now()
  const loader = new SourceLoader({ video, resolve: (id) => room.resolve(id), open: openEngine, now })
  const conductor = new Conductor({ room, media: video, prefs, load: loader.state, now, wall: () => Date.now() })
  const mediaId = computed(() => room.playback.value?.mediaId ?? '')
  const undo: (() => void)[] = [
    effect(() => loader.load(mediaId.value)),
    () => loader.destroy(),
    conductor.run(),
    attachDanmaku(room, layer, conductor, prefs),
    attendSession(room, conductor),
  ]
  if (probeWanted()) {
    undo.push(installProbe(conductor, () => {
      const p = room.playback.peek()
      return { revision: p?.revision ?? 0, mediaId: p?.mediaId ?? '', playing: p?.playing ?? false }
    }))
  }
  return [{ conductor, loader }, () => undo.reverse().forEach((f) => f())]
}

function attachDanmaku(room: RoomStore, layer: HTMLElement, conductor: Conductor, prefs: Prefs): () => void {
  const line = (m: Message) => toLine(m, room.me.peek()?.personId ?? '')
  const engine = new DanmakuEngine({
    layer,
    clock: { positionMs: () => conductor.now(), rate: () => conductor.speed() },
    fetchWindow: async (id, from, to) => (await room.danmakuBetween(id, from, to)).filter((m) => !m.deleted && m.danmaku).map(line),
    settings: prefs.danmaku.peek(),
  })
  const id = computed(() => room.playback.value?.mediaId ?? '')
  const live = computed(() => room.playback.value?.live ?? false)
  const undo = [
    effect(() => engine.setMedia(id.value, live.value)),
    effect(() => engine.setSettings(prefs.danmaku.value)),
    room.onDanmaku((m) => engine.arrived(m.danmaku?.mediaId ?? '', line(m))),
    engine.run(),
  ]
  return () => undo.forEach((f) => f())
}

const lanes = { [DanmakuLane.TOP]: 'top', [DanmakuLane.BOTTOM]: 'bottom', [DanmakuLane.SCROLL]: 'scroll', [DanmakuLane.UNSPECIFIED]: 'scroll' } as const

/** A chat message as a danmaku line; colours too dark to read over a picture become white. */
export function toLine(m: Message, me: string): DanmakuMessage {
  const color = (m.danmaku?.color ?? 0) & 0xffffff
  const light = ((color >> 16) & 255) * 0.3 + ((color >> 8) & 255) * 0.59 + (color & 255) * 0.11
  return {
    id: m.id, text: m.text, atMs: m.danmaku?.positionMs ?? 0,
    kind: lanes[m.danmaku?.lane ?? DanmakuLane.SCROLL] ?? 'scroll',
    color: light < 40 ? '#ffffff' : `#${color.toString(16).padStart(6, '0')}`,
    own: me !== '' && m.personId === me,
  }
}
