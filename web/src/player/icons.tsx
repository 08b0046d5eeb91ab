// The icons of the player: 24 by 24, drawn with strokes, hidden from screen readers.

const paths = {
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M8.5 5v14M15.5 5v14',
  back: 'M5 11.5A7.5 7.5 0 1 1 7.6 17M5 5.5v6h6',
  forward: 'M19 11.5A7.5 7.5 0 1 0 16.4 17M19 5.5v6h-6',
  next: 'M6 6v12l8.5-6zM18 6v12',
  volume: 'M4 9.5v5h3.5L12 18V6L7.5 9.500zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11',
  volumeLow: 'M4 9.5v5h3.5L12 18V6L7.5 9.500zM15.5 9a4.2 4.2 0 0 1 0 6',
  muted: 'M4 9.5v5h3.5L12 18V6L7.5 9.500zM16 9.500l5 5M21 9.500l-5 5',
  danmaku: 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-4.5 3.500V17H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM7.5 9.500h6M9.5 12.800h7',
  danmakuOff: 'M8 5h11a2 2 0 0 1 2 2v8a2 2 0 0 1-1 1.700M16 17h-4l-4.5 3.500V17H5a2 2 0 0 1-2-2V7a2 2 0 0 1 .6-1.400M4 3l17 18',
  subtitles: 'M5 5h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM7 12.500h3M13 12.500h4M7 16h6M16 16h1',
  settings: 'M4 7h9M19 7h1M4 17h1M11 17h9M16 4.800a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.400zM8 14.800a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.400z',
  fullscreen: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  shrink: 'M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5',
  pip: 'M21 11V7a2 2 0 0 0-2-2H5a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2h5M13.5 13.500h7v5.500h-7z',
  theatre: 'M3 7h18v10H3z',
  lock: 'M7 11V8.500a5 5 0 0 1 10 0V11M6 11h12v8.500H6z',
  loop: 'M4 12V9.500A3.5 3.5 0 0 1 7.5 6H19M16 3l3 3-3 3M20 12v2.500a3.5 3.5 0 0 1-3.5 3.500H5M8 21l-3-3 3-3',
  sound: 'M4 9.5v5h3.5L12 18V6L7.5 9.500zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  chevron: 'M9.5 5.500L16 12l-6.5 6.5',
  retry: 'M19 11.500A7.5 7.5 0 1 0 16.4 17M19 5.500v6h-6',
  paste: 'M9 5H6.500A1.5 1.5 0 0 0 5 6.500v13A1.5 1.5 0 0 0 6.5 21h11a1.5 1.5 0 0 0 1.5-1.500v-13A1.5 1.5 0 0 0 17.5 5H15M9 3.500h6V7H9zM9 13h6M12 10v6',
  music: 'M9 17.500V6l10-2v11.500M9 17.500a2.7 2.5 0 1 1-5.4 0 2.7 2.5 0 0 1 5.4 0zM19 15.500a2.7 2.5 0 1 1-5.4 0 2.7 2.5 0 0 1 5.4 0z',
  mast: 'M12 12.500v8M12 9.500a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM8.200 14.800a5.400 5.400 0 0 1 0-7.600M15.800 7.200a5.400 5.400 0 0 1 0 7.600M5.400 17.600a9.300 9.300 0 0 1 0-13.200M18.600 4.400a9.300 9.300 0 0 1 0 13.200',
  broken: 'M12 12.500v8M12 9.500a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM15.800 7.200a5.400 5.400 0 0 1 0 7.600M18.600 4.400a9.300 9.300 0 0 1 0 13.200M4 4l16 16',
  close: 'M6 6l12 12M18 6L6 18',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, solid }: { name: IconName; solid?: boolean }) {
  return (
    <svg class={`st-icon${solid ? ' st-solid' : ''}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
