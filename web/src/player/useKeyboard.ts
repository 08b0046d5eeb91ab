// Listens to the keys of the page and carries out what they ask for.

import { useEffect } from 'preact/hooks'
import type { Screen } from './Controls'
import { belongsToFocus, command, type Command } from './keyboard'
import type { Prefs } from './prefs'
import { nextRate } from './timeline'
import type { Subtitles } from './useSubtitles'
import type { Player } from './view'

export interface Hands {
  player: Player
  prefs: Prefs
  screen: Screen
  subtitles: Subtitles
  roomRate(): number
  /** Asks the page for something that is not the player's. */
  page(event: 'focus-chat' | 'toggle-rail'): void
  /** A key was used: show the controls. */
  stir(): void
}

export function useKeyboard(hands: Hands | null): void {
  useEffect(() => {
    if (!hands) return
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented || !hands.prefs.shortcuts.peek()) return
      const found = command(e)
      if (!found || belongsToFocus(e, focusOf(e.target))) return
      e.preventDefault()
      hands.stir()
      carryOut(found, hands)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [hands])
}

function focusOf(target: EventTarget | null) {
  const el = target instanceof HTMLElement ? target : document.body
  return {
    tag: el.tagName,
    type: el instanceof HTMLInputElement ? el.type : undefined,
    role: el.getAttribute('role'),
    editable: el.isContentEditable,
    layered: el.closest('dialog, [data-layer], [role="dialog"], [role="menu"], [popover]') !== null,
  }
}

function carryOut(c: Command, { player, prefs, screen, subtitles, roomRate, page }: Hands): void {
  switch (c.do) {
    case 'toggle': return player.toggle()
    case 'skip': return player.skip(c.ms)
    case 'frame': return player.frameStep(c.step)
    case 'percent': return player.seek((player.durationMs.peek() * c.percent) / 100)
    case 'rate': return player.rate(nextRate(roomRate(), c.step))
    case 'next': return player.next()
    case 'resync': return player.resync()
    case 'fullscreen': return screen.toggleFullscreen()
    case 'theatre': return screen.toggleTheatre()
    case 'pip': return screen.pip()
    case 'help': return screen.help()
    case 'subtitles': return subtitles.toggle()
    case 'chat': return page('focus-chat')
    case 'rail': return page('toggle-rail')
    case 'danmaku':
      prefs.danmaku.value = { ...prefs.danmaku.peek(), on: !prefs.danmaku.peek().on }
      return
    case 'mute':
      if (player.soundBlocked.peek()) return player.unblockSound()
      prefs.muted.value = !prefs.muted.peek()
      return
    case 'volume':
      prefs.volume.value = Math.min(1, Math.max(0, Math.round((prefs.volume.peek() + c.step) * 100) / 100))
      prefs.muted.value = prefs.volume.peek() === 0
  }
}
