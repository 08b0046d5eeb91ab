// Danmaku of one stage: from the room's messages to lines on the picture.

import { computed, effect } from '@preact/signals'
import { DanmakuEngine } from '../danmaku/engine'
import type { DanmakuMessage } from '../danmaku/feed'
import { DanmakuLane, type Message } from '../gen/synctv/v1/chat_pb'
import type { RoomStore } from '../room/contract'
import type { Prefs } from './prefs'
import type { Player } from './view'

/** Shows danmaku on the layer until the returned function is called. */
export function attachDanmaku(room: RoomStore, layer: HTMLElement, player: Player, prefs: Prefs): () => void {
  const line = (m: Message) => toLine(m, room.me.peek()?.personId ?? '')
  const engine = new DanmakuEngine({
    layer,
    clock: { positionMs: () => player.now(), rate: () => player.speed() },
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
