// The states of a live stream that is not on the screen: who is waited for, what happens by itself, what one can do.

import type { RoomStore } from '../room/contract'
import { Icon } from './icons'
import type { SourceLoader } from './source'
import { say } from './strings'
import type { Player } from './view'

export interface LiveCardProps {
  kind: 'liveWait' | 'liveCalls' | 'liveBack' | 'liveOver' | 'liveGone' | 'liveFailed'
  room: RoomStore
  player: Player
  loader: SourceLoader
  onQueue: () => void
  onSetUp: () => void
}

export function LiveCard({ kind, room, player, loader, onQueue, onSetUp }: LiveCardProps) {
  const { stream } = player.seat.life.value
  const name = stream?.ownerName || room.current.value?.addedByName || ''
  const choose = room.can('media_add') || room.can('playback_navigate')
  const words = {
    liveWait: [name ? say('waitsFor', { name }) : say('waitsForAny'), say('waitsText')],
    liveCalls: [say('callsTitle'), stream?.problem || say('waitsText')],
    liveBack: [name ? say('backFor', { name }) : say('backForAny'), say('backText')],
    liveOver: [say('overTitle'), name ? say('overText', { name }) : say('overTextAny')],
    liveGone: [say('goneTitle'), say('goneText')],
    liveFailed: [say('liveFailedTitle'), say('liveFailedText')],
  }[kind]
  return (
    <div class={`st-over st-air${kind === 'liveBack' ? ' st-air-back' : ''}`} role="status">
      <div class="st-air-card">
        <Sign kind={kind} />
        <h2>{words[0]}</h2>
        <p>{words[1]}</p>
        <div class="st-air-acts">
          {kind === 'liveWait' && stream?.mine && <button type="button" class="st-action st-strong" onClick={onSetUp}>{say('setUp')}</button>}
          {kind === 'liveFailed' && <button type="button" class="st-action st-strong" onClick={() => loader.retry()}>{say('retry')}</button>}
          {(kind === 'liveOver' || kind === 'liveGone') && choose && <button type="button" class="st-action" onClick={onQueue}>{say('openQueue')}</button>}
        </div>
      </div>
    </div>
  )
}

/** Rings of a mast: they go out while somebody is waited for, and rest when it is over. */
function Sign({ kind }: { kind: LiveCardProps['kind'] }) {
  const waits = kind === 'liveWait' || kind === 'liveBack' || kind === 'liveCalls'
  return (
    <span class={`st-mast${waits ? ' st-mast-on' : ''}${kind === 'liveBack' ? ' st-mast-wait' : ''}`} aria-hidden="true">
      <Icon name={kind === 'liveGone' || kind === 'liveFailed' ? 'broken' : 'mast'} />
    </span>
  )
}
