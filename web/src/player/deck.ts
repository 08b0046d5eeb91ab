// Everything behind one stage, put together once its elements exist.

import { computed, effect, untracked } from '@preact/signals'
import type { RoomStore } from '../room/contract'
import { LiveSeat } from '../live/seat'
import { Conductor } from './conductor'
import { openEngine, variantKey } from './engine'
import type { Prefs } from './prefs'
import { SourceLoader } from './source'
import { say } from './strings'

export interface Deck {
  conductor: Conductor
  seat: LiveSeat
  loader: SourceLoader
}

/** Whether tests and measurements asked for the probe: see probe.ts. */
function probeWanted(): boolean {
  try {
    return new URLSearchParams(location.search).get('probe') === '1' || sessionStorage.getItem('synctv.probe') !== null
  } catch {
    return false
  }
}

/** The variant that is the shortest way to a live stream. */
const flvKey = variantKey({ container: 'flv', quality: '', proxied: true })

/** Connects the room to the elements; the second value takes everything apart. */
export function setUp(room: RoomStore, video: HTMLVideoElement, layer: HTMLElement, prefs: Prefs): [Deck, () => void] {
  const now = () => performance.now()
  const loader: SourceLoader = new SourceLoader({ video, resolve: (id) => room.resolve(id), open: openEngine, now, worth: (source) => seat.worth(source) })
  const fast = computed(() => prefs.liveWay.value === 'fast')
  const seat: LiveSeat = new LiveSeat({
    media: video, load: loader.state, latest: loader.latest, clock: { get ready() { return conductor.clock.ready }, server: (ms) => conductor.clock.server(ms) },
    stream: (source) => room.stream(source), retry: () => loader.retry(), fast, now,
    held: () => conductor.localPause.peek() || room.playback.peek()?.playing === false,
  })
  const conductor: Conductor = new Conductor({ room, media: video, prefs, load: loader.state, now, wall: () => Date.now(), seat })
  const mediaId = computed(() => room.playback.value?.mediaId ?? '')
  const way = computed(() => (room.playback.value?.live && fast.value ? flvKey : ''))
  const undo: (() => void)[] = [
    effect(() => loader.load(mediaId.value, way.value)),
    seat.run(),
    () => loader.destroy(),
    conductor.run(),
    tellPauses(room, conductor),
    late(async () => (await import('./danmaku')).attachDanmaku(room, layer, conductor, prefs)),
    late(async () => (await import('./session')).attendSession(room, conductor)),
  ]
  if (probeWanted()) undo.push(late(async () => (await import('./probe')).installProbe(conductor, room, () => {
    const load = loader.state.peek()
    return load.phase === 'open' ? load.engine : null
  })))
  return [{ conductor, seat, loader }, () => undo.reverse().forEach((f) => f())]
}

/** Says who has paused, for a moment, when it was somebody else. */
function tellPauses(room: RoomStore, conductor: Conductor): () => void {
  let before = room.playback.peek()
  return effect(() => {
    const p = room.playback.value
    const paused = p && before?.playing && !p.playing && p.mediaId === before.mediaId
    before = p
    if (paused && p.setByName && p.setBy !== room.me.peek()?.personId) untracked(() => conductor.say(say('pausedBy', { name: p.setByName })))
  })
}

/** Something that is not needed for the first picture comes in a chunk of its own; its undo waits for it. */
function late(start: () => Promise<() => void>): () => void {
  let gone = false
  let undo = () => {}
  start().then(
    (stop) => {
      if (gone) stop()
      else undo = stop
    },
    () => {},
  )
  return () => {
    gone = true
    undo()
  }
}
