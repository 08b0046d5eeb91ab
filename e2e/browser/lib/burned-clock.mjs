// A clock burned into the picture: how it is painted into a frame, and how a page reads it off the screen.
//
// The strip is the top of the picture: 32 blocks of black and white, 24 bits of milliseconds since an epoch and 8 bits
// that say whether the other 24 were read right. Blocks are far larger than what an encoder smears. Below the strip, in
// the middle, a square flashes white when there is a tone.

/** Size and rate of the picture. */
export const PICTURE = { width: 640, height: 360, fps: 30 }
const BLOCKS = 32
const STRIP = { width: PICTURE.width / BLOCKS, height: 24 }
/** The square that flashes. */
const LAMP = { x: 240, y: 120, size: 160 }
const BLACK = 16
const WHITE = 235

/** The sum that goes with 24 bits. Never 0 for 0: a black picture is no clock. */
const sumOf = (ms) => ((ms ^ (ms >> 8) ^ (ms >> 16)) & 0xff) ^ 0xa5

/** What an unpainted picture shows: something that moves, so that the encoder has to do with it what it does with films. */
export function backgrounds(count) {
  const { width, height } = PICTURE
  return Array.from({ length: count }, (_, i) => {
    const frame = Buffer.alloc(width * height * 1.5, 128)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const disc = (x - width / 2 - 220 * Math.cos((2 * Math.PI * i) / count)) ** 2 + (y - 200 - 110 * Math.sin((2 * Math.PI * i) / count)) ** 2 < 2500
        frame[y * width + x] = disc ? 180 : 40 + (((x + y) >> 2) + i) % 60
      }
    }
    return frame
  })
}

/** Paints the strip and the lamp into a frame in yuv420p. */
export function paint(frame, ms, flash) {
  const { width } = PICTURE
  const bits = (BigInt(ms & 0xffffff) << 8n) | BigInt(sumOf(ms & 0xffffff))
  for (let block = 0; block < BLOCKS; block++) {
    const value = (bits >> BigInt(BLOCKS - 1 - block)) & 1n ? WHITE : BLACK
    for (let y = 0; y < STRIP.height; y++) frame.fill(value, y * width + block * STRIP.width, y * width + (block + 1) * STRIP.width)
  }
  for (let y = LAMP.y; y < LAMP.y + LAMP.size; y++) frame.fill(flash ? WHITE : BLACK, y * width + LAMP.x, y * width + LAMP.x + LAMP.size)
}

/** What installEye needs to know. */
export const layout = { ...PICTURE, blocks: BLOCKS, stripHeight: STRIP.height, lamp: LAMP }

/**
 * Runs in a page: makes window.__eye, which watches a video. Must stand alone, it is sent as text.
 *
 * A frame's time is when the browser says it will be on the screen, but not before this page could read it: reading it late
 * can only make a latency look longer, never shorter.
 */
export function installEye({ width, height, blocks, stripHeight, lamp }) {
  const truth = () => performance.timeOrigin + performance.now()
  const canvas = new OffscreenCanvas(blocks + 1, 1)
  const pen = canvas.getContext('2d', { willReadFrequently: true, alpha: false })
  pen.imageSmoothingEnabled = false
  const read = (video) => {
    const [sx, sy] = [video.videoWidth / width, video.videoHeight / height]
    // The middle of every block becomes one pixel.
    pen.drawImage(video, 0, 0, width * sx, stripHeight * sy, 0, 0, blocks, 1)
    pen.drawImage(video, lamp.x * sx, lamp.y * sy, lamp.size * sx, lamp.size * sy, blocks, 0, 1, 1)
    const { data } = pen.getImageData(0, 0, blocks + 1, 1)
    let ms = 0
    let sum = 0
    for (let i = 0; i < 24; i++) ms = (ms << 1) | (data[i * 4] > 127 ? 1 : 0)
    for (let i = 24; i < 32; i++) sum = (sum << 1) | (data[i * 4] > 127 ? 1 : 0)
    const right = (((ms ^ (ms >> 8) ^ (ms >> 16)) & 0xff) ^ 0xa5) === sum
    return { ms: right ? ms : -1, lit: data[blocks * 4] > 127 }
  }
  const eye = { truth, frames: [], events: [], samples: [] }
  eye.watch = (video) => {
    const note = (e) => eye.events.push([truth(), e.type, video.currentTime])
    for (const name of ['waiting', 'playing', 'pause', 'seeking', 'error', 'ratechange', 'stalled', 'ended']) video.addEventListener(name, note)
    const frame = (_now, meta) => {
      const { ms, lit } = read(video)
      eye.frames.push([Math.max(performance.timeOrigin + meta.expectedDisplayTime, truth()), ms, lit ? 1 : 0, meta.mediaTime, meta.presentedFrames])
      video.requestVideoFrameCallback(frame)
    }
    video.requestVideoFrameCallback(frame)
    setInterval(() => {
      const end = video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0
      const q = video.getVideoPlaybackQuality()
      eye.samples.push([truth(), video.currentTime, video.playbackRate, end - video.currentTime, video.readyState, q.totalVideoFrames, q.droppedVideoFrames, video.webkitAudioDecodedByteCount ?? 0])
    }, 100)
  }
  window.__eye = eye
}
