// The sync pill and the numbers behind it.

import { useEffect, useRef } from 'preact/hooks'
import { announce } from '../ui/announce'
import { lazy } from '../ui/lazy'
import type { Prefs } from './prefs'
import { Popover, type OpenMenu } from './Popover'
import { say } from './strings'
import type { Player } from './view'

const SyncPanel = lazy(async () => (await import('./panels')).SyncPanel)

export function SyncPill({ player, prefs, menu }: { player: Player; prefs: Prefs; menu: OpenMenu }) {
  const pill = player.pill.value
  const first = useRef(true)
  useEffect(() => {
    if (!first.current) announce(pill.text)
    first.current = false
  }, [pill.state])
  const face = (
    <>
      <i class={`st-dot st-${pill.tone}`} aria-hidden="true" />
      <span class="st-pill-text">{pill.text}</span>
      {pill.detail && <span class="st-pill-detail">{pill.detail}</span>}
    </>
  )
  return (
    <Popover menu={menu} name="sync" title={say('syncDetails')} class={`st-pill st-pill-${pill.tone}`} face={face}>
      {() => <SyncPanel player={player} prefs={prefs} />}
    </Popover>
  )
}

/** What stays of the pill while the controls rest: it never leaves the picture. For the eye only; changes are announced by the pill. */
export function RestingPill({ player }: { player: Player }) {
  const pill = player.pill.value
  return (
    <span class={`st-resting st-pill-${pill.tone}`} aria-hidden="true">
      <i class={`st-dot st-${pill.tone}`} />
      {pill.tone === 'ok' ? pill.detail : pill.text}
    </span>
  )
}
