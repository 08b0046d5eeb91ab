// The timeline: a slider that previews while it is dragged and asks for one seek at release.

import type { ReadonlySignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Person } from '../gen/synctv/v1/realtime_pb'
import { clock } from '../i18n'
import { ghostTicks, percent, timeAt } from './timeline'
import { names, say, spoken } from './strings'
import type { Player } from './view'

export interface TimelineProps {
  player: Player
  people: ReadonlySignal<Person[]>
  sessionId: ReadonlySignal<string>
  locked: boolean
}

const arrowMs = 5000
const pageMs = 60_000
/** Keys pressed in quick succession become one seek. */
const keySettleMs = 300

const keySteps: Record<string, number> = {
  ArrowLeft: -arrowMs, ArrowDown: -arrowMs, ArrowRight: arrowMs, ArrowUp: arrowMs, PageDown: -pageMs, PageUp: pageMs, Home: -Infinity, End: Infinity,
}

/** Dragging, hovering and keys of the bar: where they point, and one seek when they are done. */
function useScrub(bar: RefObject<HTMLDivElement | null>, player: Player, locked: boolean) {
  const [hover, setHover] = useState<number | null>(null)
  const [drag, setDrag] = useState<number | null>(null)
  const settle = useRef(0)
  const duration = player.durationMs.value
  const at = drag ?? player.positionMs.value

  const under = (e: PointerEvent) => {
    const box = (bar.current as HTMLElement).getBoundingClientRect()
    return timeAt(e.clientX, box.left, box.width, duration)
  }
  const finish = (ms: number) => {
    clearTimeout(settle.current)
    setDrag(null)
    player.seek(ms)
  }
  const cancel = () => {
    clearTimeout(settle.current)
    setDrag(null)
  }
  useEffect(() => () => clearTimeout(settle.current), [])
  const onPointerDown = (e: PointerEvent) => {
    if (e.button !== 0 || duration <= 0) return
    if (locked) return player.say(say('locked'))
    bar.current?.setPointerCapture(e.pointerId)
    setDrag(under(e))
  }
  const onPointerMove = (e: PointerEvent) => {
    if (e.pointerType !== 'touch') setHover(under(e))
    if (drag !== null && bar.current?.hasPointerCapture(e.pointerId)) setDrag(under(e))
  }
  const onPointerUp = (e: PointerEvent) => {
    if (drag === null || !bar.current?.hasPointerCapture(e.pointerId)) return
    bar.current.releasePointerCapture(e.pointerId)
    finish(under(e))
  }
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === 'Escape' && drag !== null) return cancel()
    const by = keySteps[e.key]
    if (by === undefined || e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    e.stopPropagation()
    if (locked) return player.say(say('locked'))
    const to = Math.min(duration, Math.max(0, at + by))
    setDrag(to)
    clearTimeout(settle.current)
    settle.current = window.setTimeout(() => finish(to), keySettleMs)
  }
  const on = { onPointerDown, onPointerMove, onPointerUp, onKeyDown, onPointerCancel: cancel, onPointerLeave: () => setHover(null) }
  return { hover, drag, at, duration, on }
}

export function Timeline({ player, people, sessionId, locked }: TimelineProps) {
  const bar = useRef<HTMLDivElement>(null)
  const { hover, drag, at, duration, on } = useScrub(bar, player, locked)
  const shown = drag ?? hover
  const others = people.value.filter((p) => p.sessionId !== sessionId.value)
  return (
    <div
      class={`st-time${drag !== null ? ' st-drag' : ''}${locked ? ' st-locked' : ''}`} ref={bar} role="slider" tabIndex={0} aria-label={say('timeline')}
      aria-valuemin={0} aria-valuemax={Math.round(duration / 1000)} aria-valuenow={Math.round(at / 1000)}
      aria-valuetext={say('timelineValue', { now: spoken(at), whole: spoken(duration) })} aria-disabled={locked || undefined} {...on}
    >
      <div class="st-track">
        {player.buffered.value.map(([from, to]) => (
          <i class="st-buffered" key={from} style={{ left: `${percent(from, duration)}%`, right: `${100 - percent(to, duration)}%` }} />
        ))}
        {hover !== null && drag === null && <i class="st-hover" style={{ right: `${100 - percent(hover, duration)}%` }} />}
        <i class="st-played" style={{ right: `${100 - percent(at, duration)}%` }} />
      </div>
      {ghostTicks(others, player.roomMs(), duration).map((t) => (
        <i class="st-ghost" key={t.names.join()} style={{ left: `${t.percent}%` }} title={say('at', { names: names(t.names), time: clock(t.positionMs) })} />
      ))}
      <i class="st-knob" style={{ left: `${percent(at, duration)}%` }} />
      {shown !== null && duration > 0 && (
        <output class="st-tip" aria-hidden="true" style={{ left: `clamp(28px, ${percent(shown, duration)}%, calc(100% - 28px))` }}>{clock(shown)}</output>
      )}
    </div>
  )
}
