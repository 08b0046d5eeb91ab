// The player's words in two languages. A key that Chinese lacks does not compile.

import { effect, signal } from '@preact/signals'
import { language } from '../i18n'

const en = {
  // Buttons
  play: 'Play', pause: 'Pause', playLocked: 'Play here only', pauseLocked: 'Pause here only',
  back10: 'Back 10 seconds', forward10: 'Forward 10 seconds', next: 'Next',
  mute: 'Mute', unmute: 'Unmute', volume: 'Volume', danmaku: 'Danmaku', danmakuSettings: 'Danmaku settings',
  subtitles: 'Subtitles', settings: 'Settings', pip: 'Picture in picture', theatre: 'Theatre', theatreOff: 'Leave theatre',
  fullscreen: 'Full screen', fullscreenOff: 'Leave full screen', keyboardHelp: 'Keyboard shortcuts', close: 'Close',
  player: 'Player', controls: 'Player controls', live: 'Live', locked: 'Only people with control can do this',

  // Live
  liveStart: 'Watch live', livePosition: 'Position behind live', backToLive: 'Back to live', behindBy: '{n} behind live', goBack10: 'Back 10 seconds, for me only',
  withEveryone: 'With everyone', behindLive: 'Behind live', notLiveYet: 'Not live yet', liveEnded: 'Ended', publisherBack: 'Publisher reconnecting',
  liveDelay: 'Behind the camera, about', liveTarget: 'Everyone’s distance', liveVia: 'Comes as',
  liveWay: 'Delay', together: 'With everyone', fast: 'Shortest', togetherHelp: 'About a second, the same for all who watch.', fastHelp: 'About half a second. You are ahead of the others.',
  pauseLive: 'Pause here only', waitsFor: 'Waiting for {name} to go live', waitsForAny: 'Waiting for the stream to start', waitsText: 'It starts here by itself.',
  callsTitle: 'Connecting to the source', setUp: 'Set up the encoder', backFor: '{name} is reconnecting', backForAny: 'The publisher is reconnecting', backText: 'The picture goes on by itself.',
  overTitle: 'The stream has ended', overText: 'If {name} comes back, it goes on here.', overTextAny: 'If the publisher comes back, it goes on here.',
  goneTitle: 'This stream is gone', goneText: 'It was deleted, or is not shown here any more.', liveFailedTitle: 'The stream does not reach this screen', liveFailedText: 'It is live, but nothing arrives here. The connection may be too slow.',

  // Timeline
  timeline: 'Position', timelineValue: '{now} of {whole}', at: '{names} at {time}',
  hours: '{n} hours', hour: '1 hour', minutes: '{n} minutes', minute: '1 minute', seconds: '{n} seconds', second: '1 second',

  // Sync pill
  inSync: 'In sync', adjusting: 'Adjusting', catchingUp: 'Catching up', loading: 'Loading', measuring: 'Measuring the clock',
  waitingFor: 'Waiting for {names}', waitingFew: 'Waiting for {n} people', waiting: 'Waiting', pausedBy: 'Paused by {name}', paused: 'Paused',
  youPaused: 'You paused here', freeMode: 'On your own', soundBlocked: 'Sound is off', reconnecting: 'Reconnecting', offline: 'Offline', idle: 'Nothing playing',
  ended: 'The end', cannotPlay: 'Not playing here',
  syncDetails: 'Sync details', offset: 'Offset from the room', roundTrip: 'Round trip', clockError: 'Clock error, at most', rate: 'Speed',
  buffer: 'Buffered ahead', delay: 'This device’s sound is late by', delayHelp: 'For Bluetooth and TVs. Stays on this device.',
  follow: 'Follow the room', tight: 'Tight', normal: 'Normal', relaxed: 'Relaxed', off: 'Off',
  tightHelp: 'Stays within a few milliseconds.', normalHelp: 'Corrects from 40 milliseconds.', relaxedHelp: 'Corrects only when it is far off.', offHelp: 'Never corrects by itself.',
  resync: 'Resync me', free: 'Watch on my own', freeHelp: 'The room goes on; you choose where you are.', trace: 'Save a trace',

  // Danmaku
  show: 'Show', opacity: 'Opacity', size: 'Size', speed: 'Speed', area: 'Area', density: 'How many', few: 'Few', some: 'Some', all: 'All',
  blockedWords: 'Hide messages with', blockedHelp: 'Words, separated by commas',

  // Subtitles
  none: 'None', textSize: 'Text size', timing: 'Timing', earlier: 'Earlier', later: 'Later', noSubtitles: 'This item has no subtitles.',
  subtitleFailed: 'These subtitles could not be read. Choose others, or ask for a link that works.', justYou: 'Only you see this choice.',

  // Settings
  roomSpeed: 'Speed for everyone', quality: 'Quality', auto: 'Automatic', source: 'Source', direct: 'Direct', proxied: 'Through this server', loop: 'Repeat',
  loopOff: 'Off', loopOne: 'This item', loopAll: 'The queue', shortcuts: 'Keyboard shortcuts', showKeys: 'Show the keys',

  // Overlays
  emptyTitle: 'Nothing queued yet', emptyText: 'Paste a link: a film, a playlist, a live stream.', emptyAction: 'Add a link',
  emptyReadOnly: 'Someone with control will put something on.', tapForSound: 'Tap for sound', tapWhy: 'Your browser keeps pages quiet until you touch them.',
  waitTitle: 'Waiting for {names}', waitSeconds: '{n} s', waitText: 'The room starts by itself.', startAnyway: 'Start anyway',
  endedTitle: 'That was it', again: 'Watch again', addAnother: 'Add another', removedTitle: 'This item was removed', removedText: 'Choose another one from the queue.', openQueue: 'Open the queue',
  catchUp: 'Catch up', retry: 'Try again', connecting: 'Connecting',
  buffering: 'Buffering', reconnectingText: 'Connection lost. Playing on by your own clock.', audioOnly: 'Sound only',
  codecTitle: 'This browser cannot play it', codecText: 'It does not know this kind of picture or sound. Try another browser or another file.',
  expiredTitle: 'The link has expired', expiredText: 'The address stopped working, and a new one did not help. Add the link again.',
  blockedTitle: 'The browser blocked it', blockedText: 'A secure page may not load an address that is not. Use a link that begins with https://.',
  missingTitle: 'Nothing at this address', missingText: 'Its server says there is no such file. Check the link, or choose something else.',
  unreachableTitle: 'The source does not answer', unreachableText: 'It may be slow, down, or closed to browsers. Try again, or take the way through the server.',
  resolveTitle: 'No address to play', resolveText: 'The server could not find out how to play this. Check the link, or choose something else.',

  // Help
  playPause: 'Play or pause', tenSeconds: 'Back or forward 10 seconds', fiveSeconds: 'Back or forward 5 seconds', frames: 'One frame back or forward, paused',
  percent: 'Jump to 0–90 %', rail: 'Side panel', chat: 'Write a message', rateKeys: 'Slower or faster, for everyone',
} as const

/** Names of the player's sentences. */
export type Word = keyof typeof en
export type Words = { readonly [K in Word]: string }

/** The table in use; English until another one has been loaded. */
const words = signal<Words>(en)

effect(() => {
  const wanted = language.value
  if (wanted === 'en') words.value = en
  else void import('./strings.zh-CN').then(({ zh }) => wanted === language.peek() && (words.value = zh))
})

/** A sentence in the reader's language, with {name} filled in. */
export function say(word: Word, params?: Record<string, string | number>): string {
  const text = words.value[word]
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text
}

/** Names as a list of the language: "Ana, Bo and Cy"; more than three become a number. */
export function names(list: readonly string[]): string {
  const short = list.length > 3 ? [...list.slice(0, 2), `+${list.length - 2}`] : list
  return new Intl.ListFormat(language.value, { type: 'conjunction' }).format(short)
}

/** "12 minutes 3 seconds", for screen readers. */
export function spoken(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000))
  const part = (n: number, one: Word, many: Word) => (n === 0 ? '' : n === 1 ? say(one) : say(many, { n }))
  const parts = [part(Math.floor(whole / 3600), 'hour', 'hours'), part(Math.floor(whole / 60) % 60, 'minute', 'minutes'), part(whole % 60, 'second', 'seconds')]
  return parts.filter(Boolean).join(' ') || say('seconds', { n: 0 })
}
