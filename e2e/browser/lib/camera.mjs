// A camera with a microphone that streams live: every frame shows when it was taken.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { backgrounds, paint, PICTURE } from './burned-clock.mjs'

const RATE = 48_000
const TONE_HZ = 1000
/** A flash and a tone every so many frames, for so many. */
const EVERY = 45
const LIT = 6
const BACKGROUNDS = 45

const wall = () => performance.timeOrigin + performance.now()

/**
 * Starts to film and to publish.
 *
 * Frame n is due at the start + n/30 s and shows that time; it is given to ffmpeg then, or late when this machine is busy,
 * which counts as latency. Sound is given as a microphone does: when it is over, every 10 ms. A tone begins with the
 * sample that belongs to the beginning of the frame that flashes. What ffmpeg, encoder and muxer take is part of the way.
 * @param {string} target where to: rtmp://...
 */
export function startCamera(target) {
  const { width, height, fps } = PICTURE
  const ffmpeg = spawn('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', '-nostdin', '-fflags', 'nobuffer', '-probesize', '32', '-analyzeduration', '0',
    '-thread_queue_size', '64', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-video_size', `${width}x${height}`, '-framerate', String(fps), '-i', 'pipe:3',
    '-thread_queue_size', '64', '-f', 's16le', '-ar', String(RATE), '-ac', '2', '-i', 'pipe:4',
    '-map', '0:v', '-map', '1:a',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'main', '-g', String(fps), '-keyint_min', String(fps), '-sc_threshold', '0', '-b:v', '1200k', '-maxrate', '1500k', '-bufsize', '750k',
    '-c:a', 'aac', '-b:a', '96k', '-flush_packets', '1', '-f', 'flv', target,
  ], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
  const camera = new Camera(ffmpeg)
  process.once('exit', camera.killer)
  return camera
}

class Camera {
  constructor(ffmpeg) {
    this.ffmpeg = ffmpeg
    /** Wall clock, in ms, that the burned clock counts from. */
    this.epoch = Math.floor(wall())
    this.log = ''
    this.frames = 0
    this.chunks = 0
    /** How late a frame was given to ffmpeg at most, in ms, and how many were still waiting to be taken. */
    this.latest = 0
    this.waiting = 0
    this.killer = () => ffmpeg.kill('SIGKILL')
    ;[, , , this.video, this.audio] = ffmpeg.stdio
    for (const pipe of [this.video, this.audio]) pipe.on('error', () => {})
    ffmpeg.stderr.on('data', (b) => { this.log += b })
    ffmpeg.on('exit', () => clearTimeout(this.timer))
    this.views = backgrounds(BACKGROUNDS)
    this.start = wall() + 50
    this.tick()
  }

  /** Begins anew to note how late it is: what happened while all was starting is not of interest. */
  forgetLateness() {
    this.latest = this.waiting = 0
  }

  get running() {
    return this.ffmpeg.exitCode === null && this.ffmpeg.signalCode === null
  }

  /** Gives what is due. */
  tick() {
    const since = wall() - this.start
    for (; this.frames * 1000 <= since * PICTURE.fps; this.frames++) {
      const due = (this.frames * 1000) / PICTURE.fps
      this.latest = Math.max(this.latest, since - due)
      const frame = Buffer.from(this.views[this.frames % BACKGROUNDS])
      paint(frame, Math.floor(this.start + due - this.epoch), this.frames % EVERY < LIT)
      this.waiting = Math.max(this.waiting, this.video.writableLength / frame.length)
      this.video.write(frame)
    }
    for (; (this.chunks + 1) * 10 <= since; this.chunks++) this.audio.write(tone(this.chunks * (RATE / 100), RATE / 100))
    this.timer = setTimeout(() => this.tick(), 5)
  }

  async stop() {
    process.off('exit', this.killer)
    clearTimeout(this.timer)
    if (!this.running) return
    const gone = once(this.ffmpeg, 'exit')
    this.video.destroy()
    this.audio.destroy()
    const timer = setTimeout(this.killer, 3000)
    await gone
    clearTimeout(timer)
  }
}

/** Stereo samples: a tone where the frame flashes, and nothing else. */
function tone(from, count) {
  const out = Buffer.alloc(count * 4)
  const period = (EVERY * RATE) / PICTURE.fps
  const lit = (LIT * RATE) / PICTURE.fps
  for (let i = 0; i < count; i++) {
    const at = (from + i) % period
    const value = at < lit ? Math.round(20_000 * Math.sin((2 * Math.PI * TONE_HZ * at) / RATE)) : 0
    out.writeInt16LE(value, i * 4)
    out.writeInt16LE(value, i * 4 + 2)
  }
  return out
}

/** Publishes what ffmpeg makes by itself in real time, with `-re`. */
export function startEncoder(args, target) {
  const ffmpeg = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args, '-f', 'flv', target], { stdio: ['ignore', 'ignore', 'pipe'] })
  const killer = () => ffmpeg.kill('SIGKILL')
  process.once('exit', killer)
  const encoder = {
    log: '',
    get running() {
      return ffmpeg.exitCode === null && ffmpeg.signalCode === null
    },
    async stop() {
      process.off('exit', killer)
      if (!encoder.running) return
      const gone = once(ffmpeg, 'exit')
      ffmpeg.kill('SIGKILL')
      await gone
    },
  }
  ffmpeg.stderr.on('data', (b) => { encoder.log += b })
  return encoder
}
