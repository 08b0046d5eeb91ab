/** Line icons on a 24 grid; drawn for this project. */
const PATHS = {
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z',
  globe: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  gear: 'M12 9a3 3 0 1 0 0 6a3 3 0 0 0 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2 2M16.4 16.4l2 2M18.4 5.6l-2 2M7.6 16.4l-2 2',
  star: 'M12 4l2.4 5 5.6.7-4.1 3.9 1 5.5L12 16.4 7.1 19.1l1-5.5L4 9.7l5.6-.7z',
  play: 'M8 5.5v13l11-6.5z',
  pause: 'M8 5v14M16 5v14',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  'next-step': 'M9.500 5.500L16 12l-6.500 6.500',
  back: 'M15 5l-7 7 7 7',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  send: 'M5 12h13M12 5l7 7-7 7',
  screen: 'M4 5h16v11H4zM8 9h8M10 12.5h6M9 20h6',
  panel: 'M4 5h16v14H4zM15 5v14',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  next: 'M6 6v12l9-6zM18 6v12',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z',
  exit: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  people: 'M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7M3 20c0-4 3-6 6-6s6 2 6 6M16 5.5a3.5 3.5 0 0 1 0 6.2M18 14.5c2 .8 3 2.7 3 5.5',
  chat: 'M4 5h16v11H9l-5 4z',
  queue: 'M4 6h16M4 12h10M4 18h10M17 13v6l4-3z',
  repeat: 'M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4',
  shield: 'M12 3l7 3v5c0 5-3 8-7 10c-4-2-7-5-7-10V6z',
  ban: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M5.7 5.7l12.6 12.6',
  share: 'M12 15V4M8 7.5L12 4l4 3.5M5 12v8h14v-8',
  wifi: 'M3 9a13 13 0 0 1 18 0M6.5 12.5a8 8 0 0 1 11 0M10 16a3 3 0 0 1 4 0M12 19h.01',
  alert: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.200a2.800 2.800 0 1 0 0 5.600a2.800 2.800 0 0 0 0-5.600',
  mast: 'M12 12.500v8M12 9.500a1.500 1.500 0 1 0 0 3a1.500 1.500 0 0 0 0-3M8.200 14.800a5.400 5.400 0 0 1 0-7.600M15.800 7.200a5.400 5.400 0 0 1 0 7.600M5.400 17.600a9.300 9.300 0 0 1 0-13.200M18.600 4.400a9.300 9.300 0 0 1 0 13.200',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4',
  save: 'M12 4v11M8 11.500L12 15.500l4-4M5 16v4h14v-4',
  clock: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 2',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, small, fill }: { name: IconName; small?: boolean; fill?: boolean }) {
  return (
    <svg class={`icon${small ? ' s' : ''}${fill ? ' fill' : ''}${name === 'more' || name === 'grip' ? ' dots' : ''}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
