import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { DanmakuLane } from '../../gen/synctv/v1/chat_pb'
import type { Message } from '../../gen/synctv/v1/chat_pb'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { t } from '../../i18n'
import { sentence } from '../../i18n/errors'
import { asApiError } from '../../net/errors'
import { stored } from '../../preferences'
import { server } from '../../session'
import { Icon } from '../../ui/Icon'
import { Segments } from '../../ui/fields'
import { Menu } from '../../ui/Menu'
import { toast } from '../../ui/Toasts'
import { hovers } from '../../ui/focus'
import { useRoom, useView } from '../context'

const COLOURS = [0xffffff, 0xffe08a, 0xff9fb0, 0xff7a59, 0x8ee3c8, 0x9fd0ff, 0xb9a8ff]
/** The number of characters left is shown from here on. */
const SHOW_LEFT = 200
const MOST_ROWS_PX = 132

const onScreen = stored('synctv.danmaku', false)

/** One box for chat, and by a switch for chat that crosses the picture. */
export function Composer() {
  const room = useRoom()
  if (!room.can('chat_send')) return room.me.value ? <p class="composer-closed">{t('chat.noSend')}</p> : null
  return <Writing />
}

function Writing() {
  const room = useRoom()
  const view = useView()
  const [text, setText] = useState('')
  const box = useRef<HTMLTextAreaElement>(null)
  /** What was being written when a change began; null while nothing is changed. */
  const draft = useRef<string | null>(null)
  const lane = useSignal(DanmakuLane.SCROLL)
  const colour = useSignal(0xffffff)
  const calm = useSlowMode()
  const change = view.changing.value
  const mayCross = room.can('danmaku_send') && change === null
  const most = server.value?.maxMessageChars || 2000
  const left = most - [...text].length

  // All three before the next key can come: an effect after the paint would overwrite what a quick hand has typed by then.
  useLayoutEffect(() => {
    if (!change) return
    draft.current ??= text
    setText(change.text)
    box.current?.focus()
  }, [change])
  useLayoutEffect(() => {
    if (view.wanted.value !== 'composer') return
    view.wanted.value = ''
    box.current?.focus()
  }, [view.wanted.value])
  useLayoutEffect(() => {
    if (!view.insert.value) return
    setText((was) => was + view.insert.peek())
    view.insert.value = ''
    box.current?.focus()
  }, [view.insert.value])
  useGrowth(box, text)

  const stopEditing = (): void => {
    view.changing.value = null
    setText(draft.current ?? '')
    draft.current = null
  }
  const send = (): void => {
    const words = text.trim()
    if (!words || left < 0 || calm.wait > 0) return
    if (change) {
      room.edit(change.id, words).catch((e: unknown) => giveBack(change, words, e))
      stopEditing()
      return
    }
    const danmaku = onScreen.value && mayCross && room.current.value ? { lane: lane.value, color: colour.value } : undefined
    room.say(words, danmaku).catch((e: unknown) => calm.heed(asApiError(e)))
    calm.sent()
    setText('')
  }
  /** What could not be changed is offered again, and not put under the hands of who writes something else by now. */
  const giveBack = (message: Message, words: string, e: unknown): void => {
    toast(sentence(e), { bad: true, stayMs: 15_000, action: { label: t('do.edit'), run: () => (view.changing.value = { ...message, text: words }) } })
  }
  /** The button that was pressed goes or is switched off: the next words belong here, and not to the player's keys. */
  const stay = (e: Event): void => {
    if (hovers() || (e.currentTarget as Element).contains(document.activeElement)) box.current?.focus()
  }
  const onKey = (e: KeyboardEvent): void => {
    e.stopPropagation()
    // While an input method composes, Enter chooses its candidate; keyCode 229 says so in Safari.
    if (e.isComposing || e.keyCode === 229) return
    if (e.key === 'Enter') {
      e.preventDefault()
      if (!e.shiftKey) send()
      else if (mayCross) onScreen.value = !onScreen.value
    } else if (e.key === 'Escape') {
      if (change) stopEditing()
      else box.current?.blur()
    }
  }
  return (
    <form class="composer" onSubmit={(e) => { e.preventDefault(); stay(e); send() }}>
      {change && (
        <div class="composer-editing">
          <Icon name="edit" small />
          <span class="grow">{t('chat.editing')}</span>
          <button type="button" class="icon-btn tiny" aria-label={t('do.cancel')} onClick={() => { box.current?.focus(); stopEditing() }}><Icon name="close" small /></button>
        </div>
      )}
      <textarea
        ref={box}
        rows={1}
        aria-label={t('chat.write')}
        placeholder={t('chat.write')}
        enterkeyhint="send"
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
        onKeyDown={onKey}
      />
      <div class="composer-row">
        {mayCross && <OnScreen lane={lane.value} colour={colour.value} setLane={(v) => (lane.value = v)} setColour={(v) => (colour.value = v)} />}
        <span class="grow composer-note num" role="status">
          {calm.wait > 0 ? t('chat.wait', { n: calm.wait }) : left < 0 ? <b>{t('chat.over', { n: -left })}</b> : left < SHOW_LEFT ? t('chat.left', { n: left }) : ''}
        </span>
        <button type="submit" class="send" onMouseDown={(e) => e.preventDefault()} aria-label={t('chat.send')} title={t('chat.send')} disabled={!text.trim() || left < 0 || calm.wait > 0}>
          <Icon name={change ? 'check' : 'send'} small />
        </button>
      </div>
    </form>
  )
}

interface LookProps {
  lane: DanmakuLane
  colour: number
  setLane(v: DanmakuLane): void
  setColour(v: number): void
}

function OnScreen({ lane, colour, setLane, setColour }: LookProps) {
  const lanes = [[DanmakuLane.SCROLL, t('chat.laneScroll')], [DanmakuLane.TOP, t('chat.laneTop')], [DanmakuLane.BOTTOM, t('chat.laneBottom')]] as const
  return (
    <span class="on-screen-switch">
      <button type="button" aria-pressed={onScreen.value} title={t('chat.onScreenTip')} onClick={() => (onScreen.value = !onScreen.value)}>
        <Icon name="screen" small />
        {t('chat.onScreen')}
      </button>
      {onScreen.value && (
        <Menu label={t('chat.look')} faceClass="look" face={<i style={{ background: hex(colour) }} />}>
          <div class="menu-head stack">
            <Segments label={t('chat.lane')} value={lane as DanmakuLane} options={lanes} onValue={(v) => setLane(v as DanmakuLane)} />
            <div class="field" role="radiogroup" aria-label={t('chat.colour')}>
              <span class="field-label">{t('chat.colour')}</span>
              <div class="colours">
                {COLOURS.map((c) => (
                  <input key={c} type="radio" name="danmaku-colour" aria-label={hex(c)} checked={c === colour} style={{ background: hex(c) }} onChange={() => setColour(c)} />
                ))}
              </div>
            </div>
          </div>
        </Menu>
      )}
    </span>
  )
}

function hex(c: number): string {
  return `#${c.toString(16).padStart(6, '0')}`
}

/** Seconds until I may write again, from the room's slow mode and from what the server says. */
function useSlowMode() {
  const room = useRoom()
  const [until, setUntil] = useState(0)
  const [now, setNow] = useState(() => Date.now())
  const wait = Math.max(0, Math.ceil((until - now) / 1000))
  useEffect(() => {
    if (wait === 0) return
    const timer = setTimeout(() => setNow(Date.now()), 250)
    return () => clearTimeout(timer)
  }, [wait, now])
  const hold = (ms: number): void => {
    setNow(Date.now())
    setUntil(Date.now() + ms)
  }
  return {
    wait,
    sent: (): void => {
      const slow = room.info.peek()?.settings?.slowModeMs ?? 0
      if (slow > 0 && (room.me.peek()?.role ?? RoomRole.GUEST) < RoomRole.ADMIN) hold(slow)
    },
    heed: (e: { code: string; retryAfterMs: number }): void => {
      if (e.code === 'rate_limited' && e.retryAfterMs > 0) hold(e.retryAfterMs)
    },
  }
}

/** The box grows with its text, to a point. */
function useGrowth(box: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    el.style.height = 'auto'
    el.style.height = `${Math.min(el.scrollHeight, MOST_ROWS_PX)}px`
  }, [text])
}
