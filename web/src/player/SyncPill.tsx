// The sync pill and the numbers behind it.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Prefs, SyncMode } from './prefs'
import { Choice, Popover, Slide, Toggle, type OpenMenu } from './Popover'
import { say } from './strings'
import type { Player, PillView } from './view'

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

function SyncPanel({ player, prefs }: { player: Player; prefs: Prefs }) {
  const n = player.sync.value
  const mode = prefs.mode.value
  const ms = (v: number | null, signed = false) => (v === null ? '–' : `${signed && v > 0 ? '+' : ''}${Math.abs(v) < 10 ? v.toFixed(1) : Math.round(v)} ms`)
  const pick = (m: SyncMode) => (prefs.mode.value = m)
  return (
    <div class="st-body">
      <dl class="st-numbers">
        <dt>{say('offset')}</dt><dd>{ms(n.offsetMs, true)}</dd>
        <dt>{say('roundTrip')}</dt><dd>{ms(n.rttMs)}</dd>
        <dt>{say('clockError')}</dt><dd>{ms(n.boundMs)}</dd>
        <dt>{say('rate')}</dt><dd>{n.rate.toFixed(3)}×</dd>
        <dt>{say('buffer')}</dt><dd>{(n.bufferMs / 1000).toFixed(1)} s</dd>
      </dl>
      <Choice
        label={say('follow')} value={mode} onPick={pick} help={say(`${mode}Help`)}
        options={(['tight', 'normal', 'relaxed', 'off'] as const).map((value) => ({ value, text: say(value) }))}
      />
      <Slide
        label={say('delay')} min={-500} max={500} step={5} value={prefs.delayMs.value} text={`${prefs.delayMs.value} ms`}
        help={say('delayHelp')} onInput={(v) => (prefs.delayMs.value = v)}
      />
      <Toggle label={say('free')} help={say('freeHelp')} on={player.free.value} onChange={(on) => player.setFree(on)} />
      <div class="st-actions">
        <button type="button" class="st-action st-strong" onClick={() => player.resync()}>{say('resync')}</button>
        <button type="button" class="st-action" onClick={() => save('synctv-trace.json', player.trace())}>{say('trace')}</button>
      </div>
    </div>
  )
}

/** Hands a text to the viewer as a file. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
