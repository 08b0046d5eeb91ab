// The list of keys.

import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icons'
import { say, type Word } from './strings'

/** The lines of the help page: a text name and the keys. */
const helpKeys: readonly (readonly [Word, ...string[]])[] = [
  ['playPause', 'Space', 'K'], ['tenSeconds', 'J', 'L'], ['fiveSeconds', '←', '→'], ['volume', '↑', '↓'],
  ['frames', ',', '.'], ['percent', '0', '9'], ['next', 'N'], ['mute', 'M'], ['fullscreen', 'F'], ['theatre', 'T'],
  ['rail', '\\'], ['subtitles', 'C'], ['danmaku', 'D'], ['pip', 'P'], ['resync', 'R'], ['rateKeys', '[', ']'],
  ['chat', 'Enter', '/'], ['keyboardHelp', '?'],
]

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog class="st-help-dialog" ref={dialog} aria-label={say('keyboardHelp')} onClose={onClose} onClick={(e) => e.target === dialog.current && dialog.current?.close()} data-layer>
      <header class="st-panel-head">
        <h2>{say('keyboardHelp')}</h2>
        <button type="button" class="st-btn" aria-label={say('close')} onClick={() => dialog.current?.close()}><Icon name="close" /></button>
      </header>
      <dl class="st-keys">
        {helpKeys.map(([word, ...keys]) => (
          <div key={word}>
            <dt>{say(word)}</dt>
            <dd>{keys.map((k) => <kbd key={k}>{k}</kbd>)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  )
}
