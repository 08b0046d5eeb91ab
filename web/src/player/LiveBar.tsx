// What the bar of controls shows of a live stream: the badge, how far behind this viewer has gone, and the way back.

import { clock } from '../i18n'
import { say, spoken } from './strings'
import type { Player } from './view'

/** A window shorter than this is nothing to travel in. */
const worthwhileMs = 8000
const stepMs = 100

/** There is a picture to steer: nobody is waited for, and it is not over. */
export function onAir(player: Player): boolean {
  const { phase } = player.seat.life.value
  return phase === 'live' || phase === 'unknown' || phase === 'reconnecting'
}

/** The stretch that can be gone back to. Nobody else moves. */
export function LiveTimeline({ player }: { player: Player }) {
  const span = player.seat.span.value
  if (!span || span.liveMs - span.startMs < worthwhileMs) return null
  const back = player.seat.away.value ? Math.max(0, span.liveMs - span.atMs) : 0
  const whole = Math.floor((span.liveMs - span.startMs) / stepMs) * stepMs
  const at = Math.min(whole, Math.max(0, whole - back))
  return (
    <input
      class="st-range st-dvr" type="range" min={0} max={whole} step={stepMs} value={Math.round(at / stepMs) * stepMs}
      aria-label={say('livePosition')} aria-valuetext={back > 0 ? say('behindBy', { n: spoken(back) }) : say('live')}
      style={{ '--part': `${(at / whole) * 100}%` }}
      onInput={(e) => player.seek(span.startMs + Number(e.currentTarget.value))}
    />
  )
}

/** Red and quiet at the edge; elsewhere a button that leads back there. */
export function LiveBadge({ player, compact }: { player: Player; compact: boolean }) {
  const { seat } = player
  const span = seat.span.value
  const back = seat.away.value && span ? Math.max(0, span.liveMs - span.atMs) : 0
  if (!onAir(player)) return null
  if (back === 0 && !player.localPause.value) return <span class="st-live"><i aria-hidden="true" />{say('live')}</span>
  return (
    <>
      <button type="button" class="st-return" onClick={() => player.backToLive()}>
        <i aria-hidden="true" />{say('backToLive')}
      </button>
      {!compact && back > 0 && <span class="st-clock">−{clock(back)}</span>}
    </>
  )
}
