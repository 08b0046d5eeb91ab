// The bar of controls over the lower edge of the picture.

import type { ComponentChildren } from 'preact'
import type { RoomStore } from '../room/contract'
import { clock } from '../i18n'
import { DanmakuMenu, SettingsMenu, SubtitleMenu } from './menus'
import { Icon, type IconName } from './icons'
import { LiveBadge, LiveTimeline, onAir } from './LiveBar'
import type { Prefs } from './prefs'
import type { OpenMenu } from './Popover'
import type { SourceLoader } from './source'
import { say } from './strings'
import { SyncPill } from './SyncPill'
import { Timeline } from './Timeline'
import type { Subtitles } from './useSubtitles'
import type { Player } from './view'

/** What the page, not the film, is asked for. */
export interface Screen {
  fullscreen: boolean
  theatre: boolean
  canPip: boolean
  toggleFullscreen(): void
  toggleTheatre(): void
  pip(): void
  help(): void
}

export interface ControlsProps {
  room: RoomStore
  player: Player
  prefs: Prefs
  loader: SourceLoader
  subtitles: Subtitles
  screen: Screen
  menu: OpenMenu
  compact: boolean
  /** There is no room around: nothing of other people. */
  bare: boolean
}

export function Controls(props: ControlsProps) {
  const { room, player, prefs, compact, menu, bare } = props
  const locked = !room.can('playback_control') && !player.free.value
  const live = player.live.value
  return (
    <div class="st-controls" role="group" aria-label={say('controls')}>
      {live && <LiveTimeline player={player} />}
      {!live && <Timeline player={player} people={room.people} sessionId={room.sessionId} locked={locked} />}
      <div class="st-row">
        {(!live || onAir(player)) && <PlayButton player={player} locked={locked && !live} />}
        {live && player.seat.span.value && <Button icon="back" label={say('goBack10')} onClick={() => player.skip(-10_000)} />}
        {!compact && !live && <Button icon="back" label={say('back10')} locked={locked} onClick={() => player.skip(-10_000)} />}
        {!compact && !live && <Button icon="forward" label={say('forward10')} locked={locked} onClick={() => player.skip(10_000)} />}
        {!compact && !bare && <Button icon="next" label={say('next')} locked={!room.can('playback_navigate')} onClick={() => player.next()} />}
        <Volume player={player} prefs={prefs} compact={compact} />
        {live ? <LiveBadge player={player} compact={compact} /> : <Time player={player} />}
        <span class="st-grow" />
        <SyncPill player={player} prefs={prefs} menu={menu} />
        {!compact && !bare && <DanmakuSwitch prefs={prefs} />}
        {!bare && <DanmakuMenu prefs={prefs} menu={menu} compact={compact} />}
        {!live && <SubtitleMenu prefs={prefs} subtitles={props.subtitles} menu={menu} />}
        <SettingsMenu {...props} />
        {!compact && props.screen.canPip && <Button icon="pip" label={say('pip')} onClick={props.screen.pip} />}
        {!compact && <Button icon="theatre" label={say(props.screen.theatre ? 'theatreOff' : 'theatre')} pressed={props.screen.theatre} onClick={props.screen.toggleTheatre} />}
        <Button icon={props.screen.fullscreen ? 'shrink' : 'fullscreen'} label={say(props.screen.fullscreen ? 'fullscreenOff' : 'fullscreen')} onClick={props.screen.toggleFullscreen} />
      </div>
    </div>
  )
}

/** One button of the bar; a locked one says so and still answers when asked. */
function Button(props: {
  icon: IconName; label: string; onClick: () => void; locked?: boolean; pressed?: boolean; solid?: boolean; children?: ComponentChildren
}) {
  const label = props.locked ? `${props.label} (${say('locked')})` : props.label
  return (
    <button type="button" class="st-btn" aria-label={label} title={label} aria-pressed={props.pressed} onClick={props.onClick}>
      <Icon name={props.icon} solid={props.solid === true} />
      {props.locked && <span class="st-lock"><Icon name="lock" /></span>}
      {props.children}
    </button>
  )
}

function PlayButton({ player, locked }: { player: Player; locked: boolean }) {
  const playing = player.playing.value
  const word = locked ? (playing ? 'pauseLocked' : 'playLocked') : playing ? 'pause' : 'play'
  return (
    <button type="button" class="st-btn st-main" aria-label={say(word)} title={say(word)} onClick={() => player.toggle()}>
      <Icon name={playing ? 'pause' : 'play'} solid={!playing} />
      {locked && <span class="st-lock"><Icon name="lock" /></span>}
    </button>
  )
}

function Time({ player }: { player: Player }) {
  const duration = player.durationMs.value
  return (
    <span class="st-clock">
      <span>{clock(player.positionMs.value)}</span>
      {duration > 0 && <span class="st-whole"> / {clock(duration)}</span>}
    </span>
  )
}

function Volume({ player, prefs, compact }: { player: Player; prefs: Prefs; compact: boolean }) {
  const silent = prefs.muted.value || prefs.volume.value === 0 || player.soundBlocked.value
  const toggle = () => {
    if (player.soundBlocked.value) return player.unblockSound()
    if (prefs.volume.value === 0) prefs.volume.value = 0.5
    prefs.muted.value = !silent
  }
  const value = silent ? 0 : prefs.volume.value
  return (
    <span class="st-volume">
      <Button icon={silent ? 'muted' : prefs.volume.value < 0.5 ? 'volumeLow' : 'volume'} label={say(silent ? 'unmute' : 'mute')} onClick={toggle} />
      {!compact && (
        <input
          class="st-range" type="range" min={0} max={1} step={0.02} value={value} aria-label={say('volume')} aria-valuetext={`${Math.round(value * 100)} %`}
          style={{ '--part': `${value * 100}%` }}
          onInput={(e) => {
            prefs.volume.value = Number(e.currentTarget.value)
            prefs.muted.value = prefs.volume.value === 0
            if (player.soundBlocked.value) player.unblockSound()
          }}
        />
      )}
    </span>
  )
}

function DanmakuSwitch({ prefs }: { prefs: Prefs }) {
  const { on } = prefs.danmaku.value
  return <Button icon={on ? 'danmaku' : 'danmakuOff'} label={say('danmaku')} pressed={on} onClick={() => (prefs.danmaku.value = { ...prefs.danmaku.value, on: !on })} />
}
