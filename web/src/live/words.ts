// The words around going live, in two languages; a chunk of their own. A key that Chinese lacks does not compile.

import { effect, signal } from '@preact/signals'
import { language } from '../i18n'

const en = {
  title: 'Go live', manageTitle: 'Your stream', loading: 'Preparing your stream',

  // The check
  none: 'No connection yet', noneText: 'Start streaming in your encoder. This sees it by itself.',
  on: 'Your encoder is connected', onText: 'Everything arrives as it should.', onBut: 'It works, and could be better:', onBad: 'It arrives, but:',
  opening: 'Your encoder is connected', openingText: 'Waiting for its first picture.',
  back: 'The connection broke', backText: 'Viewers keep the last picture while your encoder connects again.',
  refused: 'An encoder was refused', kbits: '{n} kbit/s', mbits: '{n} Mbit/s', fps: '{n} fps',
  unknown_key: 'It came from this network with a key that does not exist. Copy the whole key again.',
  wrong_key: 'The key was cut off or changed on the way. Copy the whole key again.',
  ended_key: 'It used an old key. Put the newest key into the encoder.',
  forbidden: 'The key is right, but this stream may not be published now. Ask whoever runs the room or the server.',
  hevcHere: 'H.265 does not play in this browser, nor in many others. Choose H.264 in the encoder.',
  hevc: 'H.265 does not play in every browser. H.264 does.',
  rare: '{codec} does not play in every browser. H.264 with AAC does.',
  noSound: 'No sound arrives. Check the audio source and its mixer.',
  noPicture: 'No picture arrives: viewers hear it only.',
  keyFrames: 'A key frame comes every {n} s. Set the keyframe interval to 1 or 2 s: viewers begin sooner.',
  heavy: '{n} Mbit/s is much for many lines. Viewers may stall; 3 to 6 is plenty for 1080p.',
  newText: 'Looking at what arrives.',
  slow: 'Your encoder sends only {n} frames a second: the computer may be too slow. Try a smaller picture.',
  slower: 'Your encoder sends only {n} frames a second now, it was {of}: the computer may be too slow. Try a smaller picture.',
  behind: 'Of each second only {n} % arrive in time: the computer or the line is too slow, and viewers wait again and again. Try a smaller picture or a lower bitrate.',
  frozen: 'The picture stands still: no frames arrive any more. Look at the encoder.',

  // Where to
  how: 'Encoder', server: 'Server', key: 'Stream key', copy: 'Copy {what}', copied: 'Copied', reveal: 'Show the key', hide: 'Hide the key',
  keyOnce: 'Keep it secret. It is shown this once; you can make a new one any time.',
  keyGone: 'Keys are shown only when they are made.', newKey: 'Make a new key', newKeyAsk: 'The old key stops working at once, and an encoder that uses it is cut.',
  keyMade: 'Here is the new key', off: 'This server takes no encoders: its RTMP port is turned off. Ask whoever runs it to set SYNCTV_LIVESTREAM_RTMP_PORT.',
  obs1: 'Settings, Stream: choose “Custom…” and paste server and key.',
  obs2: 'Output: H.264, keyframe interval 1 s, tune zerolatency.',
  obs3: 'Press “Start Streaming”. This page tells when it arrives.',
  ffmpegText: 'Replace film.mp4 with what you want to show.', command: 'the command',

  // In the room
  show: 'Show it in the room', playNow: 'Switch the room to it', onScreen: 'On screen in this room', done: 'Done',

  // Managing
  manage: 'Manage', name: 'Title', visibility: 'Who may watch', visPublic: 'Everyone', visUnlisted: 'By link', visPrivate: 'Private',
  publicNote: 'Listed on this server.', unlistedNote: 'Whoever has the link.', privateNote: 'People of this room, and links that carry a token.', privateAlone: 'Only you, and links that carry a token.',
  link: 'Link to the stream alone', linkPrivate: 'A link for a private stream lasts a day.', makeLink: 'Make a link',
  saved: 'Saved',
  recordings: 'Recordings', record: 'Record every broadcast', recording: 'Recording', recordNow: 'Record now', stop: 'Stop', recordStop: 'Stop recording', recordEnded: 'The recording was stopped',
  recordNone: 'Nothing was recorded yet.', recordOff: 'This server does not record. Ask whoever runs it.', recordIdle: 'Nobody publishes right now. Start your encoder first.', recordLost: 'Its file is gone',
  recordQueue: 'Put into the queue', recordQueued: 'It is in the queue', recordSave: 'Save as a file',
  recordDelete: 'Delete the recording', recordDeleteAsk: '{name}: it cannot be brought back.', recordDeleted: 'The recording was deleted',
  sessions: 'On the line', nobody: 'Nobody right now.', publisher: 'Publisher', viewer: 'Viewer', since: 'since {time}', cut: 'Cut off', cutLabel: 'Cut off: {who}', cutDone: 'Cut off',
  end: 'End the broadcast', endAsk: 'The encoder is disconnected now. It may come back with the same key.', ended: 'The broadcast was ended',
  remove: 'Delete the stream', removeAsk: 'Its address and keys stop working for everyone.', removed: 'The stream was deleted',
  fresh: 'Cut all watch links', freshAsk: 'Everyone who watches is cut once; who may watch comes back by itself. Links with a token stop working.',

  // The page of a stream
  live: 'Live', notLive: 'Not live', watching: '{n} watching', by: 'by {name}', copyLink: 'Copy link', manageDo: 'Manage',
  lostTitle: 'No stream at this link', lostText: 'It was deleted, or it is private and the link has lost its token. Ask for a new link.',
} as const

export type LiveWord = keyof typeof en
export type LiveWords = { readonly [K in LiveWord]: string }

const words = signal<LiveWords>(en)

effect(() => {
  const wanted = language.value
  if (wanted === 'en') words.value = en
  else void import('./words.zh-CN').then(({ zh }) => wanted === language.peek() && (words.value = zh))
})

/** A sentence in the reader's language, with {name} filled in. */
export function tell(word: LiveWord, params?: Record<string, string | number>): string {
  const text = words.value[word]
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text
}
