// The panels behind the buttons of the bar: danmaku, subtitles, settings.

import { useState } from 'preact/hooks'
import { parseBlocked, type Density, type DanmakuSettings } from '../danmaku/settings'
import { LoopMode } from '../gen/synctv/v1/playback_pb'
import { variantKey } from './engine'
import type { ControlsProps } from './Controls'
import type { Prefs } from './prefs'
import { Choice, List, Popover, Slide, Toggle, type OpenMenu } from './Popover'
import { say } from './strings'
import { rates } from './timeline'
import type { Subtitles } from './useSubtitles'

const hundred = (v: number) => `${Math.round(v * 100)} %`

export function DanmakuMenu({ prefs, menu, compact }: { prefs: Prefs; menu: OpenMenu; compact: boolean }) {
  return (
    <Popover menu={menu} name="danmaku" title={say('danmakuSettings')} icon={compact ? 'danmaku' : 'settings'} class={compact ? 'st-btn' : 'st-btn st-narrow'}
      face={compact ? undefined : <span class="st-caret" aria-hidden="true" />}>
      {() => <DanmakuPanel prefs={prefs} />}
    </Popover>
  )
}

function DanmakuPanel({ prefs }: { prefs: Prefs }) {
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

export function SubtitleMenu({ prefs, subtitles, menu }: { prefs: Prefs; subtitles: Subtitles; menu: OpenMenu }) {
  return (
    <Popover menu={menu} name="subtitles" title={say('subtitles')} icon="subtitles" class={`st-btn${subtitles.chosen >= 0 ? ' st-on' : ''}`}>
      {() => <SubtitlePanel prefs={prefs} subtitles={subtitles} />}
    </Popover>
  )
}

function SubtitlePanel({ prefs, subtitles }: { prefs: Prefs; subtitles: Subtitles }) {
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

export function SettingsMenu(props: ControlsProps) {
  return (
    <Popover menu={props.menu} name="settings" title={say('settings')} icon="settings">
      {() => <SettingsPanel {...props} />}
    </Popover>
  )
}

function SettingsPanel({ room, player, prefs, loader, screen, menu, compact }: ControlsProps) {
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
      <Variants loader={loader} />
      <Choice
        label={say('loop')} value={playback?.loop || LoopMode.OFF} disabled={!control} onPick={(m) => player.loop(m)}
        options={loops.map((value) => ({ value, text: say(loopWords[value]) }))}
      />
      <Toggle label={say('shortcuts')} on={prefs.shortcuts.value} onChange={(on) => (prefs.shortcuts.value = on)} />
      <div class="st-actions">
        {compact && <button type="button" class="st-action" onClick={() => player.next()} disabled={!room.can('playback_navigate')}>{say('next')}</button>}
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
      {variants.length > 1 && (
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
