// What stands over the picture when there is something to say: what, why, and one thing to do.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { RoomStore } from '../room/contract'
import { Icon, type IconName } from './icons'
import { chooseOverlay, type Overlay } from './overlay'
import type { SourceLoader } from './source'
import { LiveCard } from './LiveCard'
import { names, say, type Word } from './strings'
import type { Player } from './view'

export interface OverlaysProps {
  room: RoomStore
  player: Player
  loader: SourceLoader
  onQueue: () => void
  /** Shows how to publish. */
  onSetUp: () => void
  /** Nothing of the page but the stage is on the screen. */
  alone: boolean
}

export function Overlays(props: OverlaysProps) {
  const { room, player, loader } = props
  const overlay = chooseOverlay({
    connection: room.connection.value,
    playback: room.playback.value,
    current: room.current.value,
    people: room.people.value,
    load: loader.state.value,
    ready: player.ready.value,
    stalled: player.stalled.value,
    ended: player.ended.value,
    localPause: player.localPause.value,
    free: player.free.value,
    soundBlocked: player.soundBlocked.value,
    phase: player.seat.life.value.phase,
    standing: player.seat.standing.value,
    gaveUp: player.seat.gaveUp.value,
  })
  return (
    <>
      <Shown overlay={overlay} {...props} />
      <Corner room={room} player={player} alone={props.alone} />
    </>
  )
}

function Shown({ overlay, room, player, loader, onQueue, onSetUp }: OverlaysProps & { overlay: Overlay }) {
  switch (overlay.kind) {
    case 'none': return null
    case 'connecting': return <Spin text={say('connecting')} />
    case 'loading': return <Spin text={say('loading')} />
    case 'buffering': return <Spin text={say('buffering')} />
    case 'liveWait':
    case 'liveCalls':
    case 'liveBack':
    case 'liveOver':
    case 'liveGone':
    case 'liveFailed': return <LiveCard kind={overlay.kind} room={room} player={player} loader={loader} onQueue={onQueue} onSetUp={onSetUp} />
    case 'empty': return <Empty room={room} onQueue={onQueue} />
    case 'removed': return <Card title={say('removedTitle')} text={say('removedText')} action={say('openQueue')} onAction={onQueue} />
    case 'error': return <Failure overlay={overlay} loader={loader} onQueue={onQueue} />
    case 'sound':
      return (
        <div class="st-over st-sound">
          <button type="button" class="st-tap" onClick={() => player.unblockSound()}>
            <Icon name="sound" /> <span>{say('tapForSound')}</span>
          </button>
          <p>{say('tapWhy')}</p>
        </div>
      )
    case 'waiting': return <Waiting overlay={overlay} room={room} player={player} />
    case 'local': return <Card small title={say('youPaused')} action={say(player.live.value ? 'backToLive' : 'catchUp')} onAction={() => (player.live.peek() ? player.backToLive() : player.catchUp())} />
    case 'ended': return <Ended room={room} player={player} onQueue={onQueue} />
  }
}

export function Card(props: { title: string; text?: string; action?: string; onAction?: () => void; small?: boolean; icon?: IconName; children?: ComponentChildren; alert?: boolean }) {
  return (
    <div class="st-over" role={props.alert ? 'alert' : undefined}>
      <div class={`st-card${props.small ? ' st-small' : ''}`}>
        {props.icon && <Icon name={props.icon} />}
        <h2>{props.title}</h2>
        {props.text && <p>{props.text}</p>}
        {props.action && <button type="button" class="st-action st-strong" onClick={props.onAction}>{props.action}</button>}
        {props.children}
      </div>
    </div>
  )
}

function Spin({ text }: { text: string }) {
  return (
    <div class="st-over st-pass" role="status">
      <i class="st-spinner" aria-hidden="true" />
      <span class="unseen">{text}</span>
    </div>
  )
}

function Empty({ room, onQueue }: { room: RoomStore; onQueue: () => void }) {
  if (!room.can('media_add')) return <Card title={say('emptyTitle')} text={say('emptyReadOnly')} />
  return (
    <div class="st-over st-empty">
      <button type="button" class="st-paste" onClick={onQueue}>
        <Icon name="paste" />
        <strong>{say('emptyTitle')}</strong>
        <span>{say('emptyText')}</span>
        <span class="st-action st-strong">{say('emptyAction')}</span>
      </button>
    </div>
  )
}

function Waiting({ overlay, room, player }: { overlay: Extract<Overlay, { kind: 'waiting' }>; room: RoomStore; player: Player }) {
  const [left, setLeft] = useState(() => player.holdLeftMs())
  useEffect(() => {
    const timer = setInterval(() => setLeft(player.holdLeftMs()), 250)
    return () => clearInterval(timer)
  }, [player])
  const list = overlay.more > 0 ? [...overlay.names, `+${overlay.more}`] : overlay.names
  const title = list.length > 0 ? say('waitTitle', { names: names(list) }) : say('waiting')
  const start = room.can('playback_control')
  return (
    <Card title={title} text={say('waitText')} {...(start && { action: say('startAnyway'), onAction: () => player.startAnyway() })}>
      <span class="st-count" role="timer">{say('waitSeconds', { n: Math.max(0, Math.ceil(left / 1000)) })}</span>
    </Card>
  )
}

function Ended({ room, player, onQueue }: { room: RoomStore; player: Player; onQueue: () => void }) {
  const control = room.can('playback_control')
  return (
    <Card title={say('endedTitle')} {...(control && { action: say('again'), onAction: () => player.seek(0) })}>
      {room.can('media_add') && <button type="button" class="st-action" onClick={onQueue}>{say('addAnother')}</button>}
    </Card>
  )
}

const failures: Record<string, [title: Word, text: Word]> = {
  codec: ['codecTitle', 'codecText'], expired: ['expiredTitle', 'expiredText'], blocked: ['blockedTitle', 'blockedText'],
  missing: ['missingTitle', 'missingText'], unreachable: ['unreachableTitle', 'unreachableText'], resolve: ['resolveTitle', 'resolveText'],
}

function Failure({ overlay, loader, onQueue }: { overlay: Extract<Overlay, { kind: 'error' }>; loader: SourceLoader; onQueue: () => void }) {
  const { failed } = overlay
  const { fault } = failed
  useEffect(() => {
    if (fault.kind !== 'unreachable') return
    const again = () => loader.retry()
    addEventListener('online', again)
    return () => removeEventListener('online', again)
  }, [fault.kind, loader])
  const [title, text] = failures[fault.kind] ?? (['unreachableTitle', 'unreachableText'] as const)
  const detail = fault.kind === 'resolve' ? fault.message : fault.status ? `HTTP ${fault.status}` : ''
  // Trying again does not teach the browser a codec.
  const act = fault.kind === 'codec' ? { action: say('openQueue'), onAction: onQueue } : { action: say('retry'), onAction: () => loader.retry() }
  return (
    <Card alert title={say(title)} text={say(text)} {...act}>
      {detail && <code class="st-detail">{detail.slice(0, 200)}</code>}
    </Card>
  )
}

/** Small signs in the corner that never cover the picture. */
function Corner({ room, player, alone }: { room: RoomStore; player: Player; alone: boolean }) {
  const connection = room.connection.value
  const notice = player.notice.value
  // The page has a line of its own for this.
  const lost = alone && connection.state === 'reconnecting' && room.playback.value !== null
  return (
    <div class="st-corner">
      {player.audioOnly.value && <span class="st-chip"><Icon name="music" />{say('audioOnly')}</span>}
      {lost && <span class="st-chip st-warn" role="status">{say('reconnectingText')}</span>}
      {notice && <span class="st-chip" role="status" key={notice.id}>{notice.text}</span>}
    </div>
  )
}
