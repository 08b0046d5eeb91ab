// What the panels hold. A chunk of its own: nothing of it is needed before a panel is opened.

import { useState } from 'preact/hooks'
import { parseBlocked, type DanmakuSettings, type Density } from '../danmaku/settings'
import { LoopMode } from '../gen/synctv/v1/playback_pb'
import type { ControlsProps } from './Controls'
import { variantKey } from './engine'
import { Choice, List, Slide, Toggle } from './fields'
import type { Prefs, SyncMode } from './prefs'
import { say } from './strings'
import { rates } from './timeline'
import type { Subtitles } from './useSubtitles'
import type { Player } from './view'

export { Help } from './Help'

const hundred = (v: number) => `${Math.round(v * 100)} %`

export function DanmakuPanel({ prefs }: { prefs: Prefs }) {
  const d = prefs.danmaku.value
  const set = (change: Partial<DanmakuSettings>) => (prefs.danmaku.value = { ...prefs.danmaku.value, ...change })
  const [words, setWords] = useState(d.blocked.join(', '))
  const densities: Density[] = ['few', 'some', 'all']
  return (
    <div class="st-body">
      <Toggle label={say('show')} on={d.on} onChange={(on) => set({ on })} />
      <Choice label={say('area')} value={d.area} onPick={(area) => set({ area })} options={[0.25, 0.5, 0.75, 1].map((value) => ({ value, text: hundred(value) }))} />
      <Choice label={say('density')} value={d.density} onPick={(density) => set({ density })} options={densities.map((value) => ({ value, text: say(value) }))} />
      <Slide label={say('opacity')} min={0.2} max={1} step={0.05} value={d.opacity} text={hundred(d.opacity)} onInput={(opacity) => set({ opacity })} />
      <Slide label={say('size')} min={0.7} max={1.6} step={0.05} value={d.size} text={hundred(d.size)} onInput={(size) => set({ size })} />
      <Slide label={say('speed')} min={0.5} max={2} step={0.1} value={d.speed} text={hundred(d.speed)} onInput={(speed) => set({ speed })} />
      <label class="st-field st-text">
        <span>{say('blockedWords')}</span>
        <input
          type="text" value={words} placeholder={say('blockedHelp')} maxLength={2000}
          onInput={(e) => setWords(e.currentTarget.value)} onChange={() => set({ blocked: parseBlocked(words) })}
        />
      </label>
    </div>
  )
}

export function SubtitlePanel({ prefs, subtitles }: { prefs: Prefs; subtitles: Subtitles }) {
  const p = prefs.subtitles.value
  const offset = (by: number) => (prefs.subtitles.value = { ...p, offsetMs: Math.max(-60_000, Math.min(60_000, p.offsetMs + by)) })
  if (subtitles.list.length === 0) return <div class="st-body"><p class="st-help">{say('noSubtitles')}</p></div>
  const options = [{ value: -1, text: say('none') }, ...subtitles.list.map((s, value) => ({ value, text: s.label || s.language || `${value + 1}`, note: s.label ? s.language : '' }))]
  return (
    <div class="st-body">
      <List quiet label={say('subtitles')} value={subtitles.chosen} options={options} onPick={subtitles.choose} />
      {subtitles.failed && <p class="st-help st-warn" role="alert">{say('subtitleFailed')}</p>}
      <Slide label={say('textSize')} min={0.7} max={1.8} step={0.1} value={p.size} text={hundred(p.size)} onInput={(size) => (prefs.subtitles.value = { ...p, size })} />
      <div class="st-field st-stepper" role="group" aria-label={say('timing')}>
        <span>{say('timing')}</span>
        <span class="st-steps">
          <button type="button" class="st-action" aria-label={say('earlier')} onClick={() => offset(-100)}>−</button>
          <output>{`${p.offsetMs > 0 ? '+' : ''}${(p.offsetMs / 1000).toFixed(1)} s`}</output>
          <button type="button" class="st-action" aria-label={say('later')} onClick={() => offset(100)}>+</button>
        </span>
      </div>
      <p class="st-help">{say('justYou')}</p>
    </div>
  )
}

export function SettingsPanel({ room, player, prefs, loader, screen, menu, compact, bare }: ControlsProps) {
  const control = room.can('playback_control')
  const playback = room.playback.value
  const loops = [LoopMode.OFF, LoopMode.ONE, LoopMode.ALL] as const
  const loopWords = { [LoopMode.OFF]: 'loopOff', [LoopMode.ONE]: 'loopOne', [LoopMode.ALL]: 'loopAll' } as const
  return (
    <div class="st-body">
      {!player.live.value && (
        <Choice
          label={say('roomSpeed')} value={playback?.rate ?? 1} disabled={!control && !player.free.value} onPick={(r) => player.rate(r)}
          options={rates.map((value) => ({ value, text: String(value) }))}
        />
      )}
      {player.live.value && <LiveWay prefs={prefs} />}
      <Variants loader={loader} />
      {!bare && <Choice
        label={say('loop')} value={playback?.loop || LoopMode.OFF} disabled={!control} onPick={(m) => player.loop(m)}
        options={loops.map((value) => ({ value, text: say(loopWords[value]) }))}
      />}
      <Toggle label={say('shortcuts')} on={prefs.shortcuts.value} onChange={(on) => (prefs.shortcuts.value = on)} />
      <div class="st-actions">
        {compact && !bare && <button type="button" class="st-action" onClick={() => player.next()} disabled={!room.can('playback_navigate')}>{say('next')}</button>}
        {compact && screen.canPip && <button type="button" class="st-action" onClick={screen.pip}>{say('pip')}</button>}
        <button type="button" class="st-action" onClick={() => { menu.value = ''; screen.help() }}>{say('showKeys')}</button>
      </div>
    </div>
  )
}

function Variants({ loader }: { loader: ControlsProps['loader'] }) {
  const state = loader.state.value
  void loader.changes.value
  if (state.phase !== 'open') return null
  const { variants } = state.source
  const levels = state.engine?.levels() ?? []
  const text = (v: (typeof variants)[number]) => [v.quality, v.container.toUpperCase()].filter(Boolean).join(' · ') || say('auto')
  return (
    <>
      {variants.length > 1 && !state.source.streamId && (
        <List
          label={say('source')} value={variants.indexOf(state.variant)}
          options={variants.map((v, value) => ({ value, text: text(v), note: say(v.proxied ? 'proxied' : 'direct') }))}
          onPick={(i) => { const v = variants[i]; if (v && variantKey(v) !== variantKey(state.variant)) loader.choose(v) }}
        />
      )}
      {levels.length > 0 && (
        <List
          label={say('quality')} value={state.engine?.level() ?? -1}
          options={[{ value: -1, text: say('auto') }, ...levels.map((l, value) => ({ value, text: l.label }))]}
          onPick={(i) => { state.engine?.setLevel(i); loader.changes.value++ }}
        />
      )}
    </>
  )
}

/** Of a live stream of this server: everybody's distance, or the shortest. */
function LiveWay({ prefs }: { prefs: Prefs }) {
  const way = prefs.liveWay.value
  return (
    <Choice
      label={say('liveWay')} value={way} onPick={(w) => (prefs.liveWay.value = w)} help={say(way === 'fast' ? 'fastHelp' : 'togetherHelp')}
      options={(['together', 'fast'] as const).map((value) => ({ value, text: say(value) }))}
    />
  )
}

function LivePanel({ player, prefs }: { player: Player; prefs: Prefs }) {
  const n = player.sync.value
  const { seat } = player
  const s = (ms: number | null) => (ms === null ? '–' : `${(ms / 1000).toFixed(2)} s`)
  return (
    <div class="st-body">
      <dl class="st-numbers">
        <dt>{say('liveDelay')}</dt><dd>{s(seat.latencyMs.value)}</dd>
        <dt>{say('liveTarget')}</dt><dd>{s(seat.targetMs.value)}</dd>
        <dt>{say('buffer')}</dt><dd>{s(n.bufferMs)}</dd>
        <dt>{say('rate')}</dt><dd>{n.rate.toFixed(3)}×</dd>
        <dt>{say('roundTrip')}</dt><dd>{n.rttMs === null ? '–' : `${Math.round(n.rttMs)} ms`}</dd>
      </dl>
      <LiveWay prefs={prefs} />
      <div class="st-actions">
        <button type="button" class="st-action st-strong" onClick={() => player.backToLive()}>{say('backToLive')}</button>
      </div>
    </div>
  )
}

export function SyncPanel({ player, prefs }: { player: Player; prefs: Prefs }) {
  if (player.live.value) return <LivePanel player={player} prefs={prefs} />
  return <FilmPanel player={player} prefs={prefs} />
}

function FilmPanel({ player, prefs }: { player: Player; prefs: Prefs }) {
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
