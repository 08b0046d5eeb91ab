// Full screen, theatre and picture in picture of one stage.

import type { RefObject } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Screen } from './Controls'

/** Safari on iPhone can put only the bare video on the full screen. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void
}

export function useScreen(stage: RefObject<HTMLElement | null>, video: RefObject<HTMLVideoElement | null>, help: () => void): Screen {
  const [fullscreen, setFullscreen] = useState(false)
  const [theatre, setTheatre] = useState(false)
  useEffect(() => {
    const changed = () => setFullscreen(document.fullscreenElement === stage.current && stage.current !== null)
    document.addEventListener('fullscreenchange', changed)
    return () => document.removeEventListener('fullscreenchange', changed)
  }, [stage])
  return useMemo(
    () => ({
      fullscreen,
      theatre,
      help,
      canPip: typeof document !== 'undefined' && document.pictureInPictureEnabled === true,
      toggleFullscreen() {
        const el = stage.current
        if (document.fullscreenElement) return void document.exitFullscreen().catch(() => {})
        if (el?.requestFullscreen) return void el.requestFullscreen().then(landscape, () => {})
        ;(video.current as AppleVideo | null)?.webkitEnterFullscreen?.()
      },
      toggleTheatre() {
        setTheatre(!theatre)
        stage.current?.dispatchEvent(new CustomEvent('synctv:theatre', { bubbles: true, detail: { on: !theatre } }))
      },
      pip() {
        const leaving = document.pictureInPictureElement
        void (leaving ? document.exitPictureInPicture() : video.current?.requestPictureInPicture())?.catch(() => {})
      },
    }),
    [fullscreen, theatre, help, stage, video],
  )
}

/** A phone turned upright still shows a wide film: ask for landscape where that is allowed. */
function landscape(): void {
  const orientation = screen.orientation as ScreenOrientation & { lock?: (o: string) => Promise<void> }
  void orientation?.lock?.('landscape')?.catch(() => {})
}
