// The sync pill and the numbers behind it.

import { useEffect, useRef, useState } from 'preact/hooks'
import { lazy } from './lazy'
import type { Prefs } from './prefs'
import { Popover, type OpenMenu } from './Popover'
import { say } from './strings'
import type { Player, PillView } from './view'

const SyncPanel = lazy(async () => (await import('./panels')).SyncPanel)

export function SyncPill({ player, prefs, menu }: { player: Player; prefs: Prefs; menu: OpenMenu }) {
  const pill = player.pill.value
  const face = (
    <>
      <i class={`st-dot st-${pill.tone}`} aria-hidden="true" />
      <span class="st-pill-text">{pill.text}</span>
      {pill.detail && <span class="st-pill-detail">{pill.detail}</span>}
    </>
  )
  return (
    <>
      <Popover menu={menu} name="sync" title={say('syncDetails')} class={`st-pill st-pill-${pill.tone}`} face={face}>
        {() => <SyncPanel player={player} prefs={prefs} />}
      </Popover>
      <Announcer pill={pill} />
    </>
  )
}

/** Says a changed state to screen readers, at most once in five seconds. */
function Announcer({ pill }: { pill: PillView }) {
  const [said, setSaid] = useState('')
  const last = useRef(0)
  useEffect(() => {
    const wait = Math.max(0, last.current + 5000 - performance.now())
    const timer = setTimeout(() => {
      last.current = performance.now()
      setSaid(pill.text)
    }, wait)
    return () => clearTimeout(timer)
  }, [pill.state])
  return <span class="unseen" role="status">{said}</span>
}
