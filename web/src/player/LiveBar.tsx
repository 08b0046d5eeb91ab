// What the bar of controls shows of a live stream: the badge, how far behind this viewer has gone, and the way back.

import { clock } from '../i18n'
import { say, spoken } from './strings'
import type { Player } from './view'

/** A window shorter than this is nothing to travel in. */
const worthwhileMs = 8000

/** The stretch that can be gone back to. Nobody else moves. */
export function LiveTimeline({ player }: { player: Player }) {
  const span = player.seat.span.value
  if (!span || span.liveMs - span.startMs < worthwhileMs) return null
  const back = player.seat.away.value ? Math.max(0, span.liveMs - span.atMs) : 0
  const whole = span.liveMs - span.startMs
  const at = Math.min(whole, Math.max(0, whole - back))
  return (
    <input
      class="st-range st-dvr" type="range" min={0} max={Math.round(whole)} step={100} value={Math.round(at)}
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
  const onAir = seat.life.value.phase === 'live' || seat.life.value.phase === 'unknown'
  const back = seat.away.value && span ? Math.max(0, span.liveMs - span.atMs) : 0
  if (back === 0 && !player.localPause.value) return <span class={`st-live${onAir ? '' : ' st-off'}`}>{onAir && <i aria-hidden="true" />}{say(onAir ? 'live' : seat.life.value.phase === 'ended' ? 'liveEnded' : 'live')}</span>
  return (
    <>
      <button type="button" class="st-return" onClick={() => player.backToLive()}>
        <i aria-hidden="true" />{say('backToLive')}
      </button>
      {!compact && back > 0 && <span class="st-clock">−{clock(back)}</span>}
    </>
  )
}
