// The buttons of the bar that open panels: danmaku, subtitles, settings.

import type { ControlsProps } from './Controls'
import { lazy } from '../ui/lazy'
import { Popover, type OpenMenu } from './Popover'
import type { Prefs } from './prefs'
import { say } from './strings'
import type { Subtitles } from './useSubtitles'

const panels = () => import('./panels')
const DanmakuPanel = lazy(async () => (await panels()).DanmakuPanel)
const SubtitlePanel = lazy(async () => (await panels()).SubtitlePanel)
const SettingsPanel = lazy(async () => (await panels()).SettingsPanel)

export function DanmakuMenu({ prefs, menu, compact }: { prefs: Prefs; menu: OpenMenu; compact: boolean }) {
  return (
    <Popover menu={menu} name="danmaku" title={say('danmakuSettings')} icon={compact ? 'danmaku' : 'settings'} class={compact ? 'st-btn' : 'st-btn st-narrow'}
      face={compact ? undefined : <span class="st-caret" aria-hidden="true" />}>
      {() => <DanmakuPanel prefs={prefs} />}
    </Popover>
  )
}

export function SubtitleMenu({ prefs, subtitles, menu }: { prefs: Prefs; subtitles: Subtitles; menu: OpenMenu }) {
  return (
    <Popover menu={menu} name="subtitles" title={say('subtitles')} icon="subtitles" class={`st-btn${subtitles.chosen >= 0 ? ' st-on' : ''}`}>
      {() => <SubtitlePanel prefs={prefs} subtitles={subtitles} />}
    </Popover>
  )
}

export function SettingsMenu(props: ControlsProps) {
  return (
    <Popover menu={props.menu} name="settings" title={say('settings')} icon="settings">
      {() => <SettingsPanel {...props} />}
    </Popover>
  )
}
