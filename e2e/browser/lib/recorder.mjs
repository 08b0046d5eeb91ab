// What every page under test carries: a recorder that notes where its film is, by the machine's
// clock, which the product itself never looks at.

/** Runs in the page before any of its own scripts. Must stand alone: it is sent as text. */
export function installRecorder() {
  const truth = () => performance.timeOrigin + performance.now()
  const samples = []
  const frames = []
  const events = []
  let video = null
  const note = (e) => events.push([truth(), e.type, e.type === 'keydown' ? e.key : video ? video.playbackRate : 0])
  const watch = (v) => {
    video = v
    for (const name of ['ratechange', 'seeking', 'waiting', 'stalled', 'playing', 'pause', 'error']) v.addEventListener(name, note)
    const frame = (_now, meta) => {
      frames.push([performance.timeOrigin + meta.expectedDisplayTime, meta.mediaTime])
      v.requestVideoFrameCallback(frame)
    }
    v.requestVideoFrameCallback?.(frame)
  }
  const sample = () => {
    const v = document.querySelector('video')
    if (!v) return
    if (v !== video) watch(v)
    const probe = window.__synctv
    const moving = !v.paused && !v.seeking && v.readyState >= 3
    const target = probe ? probe.target() : null
    samples.push([truth(), v.currentTime, moving ? 1 : 0, v.playbackRate, v.readyState, target === null ? -1 : target])
  }
  addEventListener('keydown', note, true)
  addEventListener('pointerdown', note, true)
  setInterval(sample, 50)
  window.__recorder = {
    truth,
    now: () => {
      const v = document.querySelector('video')
      return v ? { at: truth(), position: v.currentTime, paused: v.paused, muted: v.muted, volume: v.volume, readyState: v.readyState, rate: v.playbackRate, width: v.videoWidth } : null
    },
    take: () => ({ samples, frames, events }),
  }
}

/** Runs in the page before any of its own scripts: a wall clock that is wrong. */
export function installLie(byMs) {
  const Real = Date
  class Liar extends Real {
    constructor(...args) {
      if (args.length === 0) super(Real.now() + byMs)
      else super(...args)
    }
    static now() {
      return Real.now() + byMs
    }
  }
  globalThis.Date = Liar
}

/**
 * What a page recorded. Times are in ms of the machine's clock, positions in seconds of the film.
 * @returns {Promise<import('./measure.mjs').Recording>}
 */
export async function recordingOf(page) {
  const { samples, frames, events } = await page.evaluate(() => window.__recorder.take())
  return {
    samples: samples.map(([t, pos, moving, rate, ready, target]) => ({ t, pos, moving: moving === 1, rate, ready, target: target < 0 ? null : target })),
    frames: frames.map(([t, pos]) => ({ t, pos })),
    events: events.map(([t, type, value]) => ({ t, type, value })),
  }
}
