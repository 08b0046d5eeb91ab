// The film of the tests: made once by ffmpeg, kept under .cache/.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './deps.mjs'

const run = promisify(execFile)

/** Length of the clip in seconds. */
export const CLIP_SECONDS = 120
/** Bytes of the clip per second, held constant so that an origin can pace it. */
export const CLIP_BYTES_PER_S = (1_000_000 + 96_000) / 8

/**
 * Path of the clip: 320x180, 30 frames a second, H.264 at a constant 1 Mbit/s with a key frame each
 * second and AAC, index in front. Small on purpose: the machine shall measure the players, not its decoder.
 */
export async function clip() {
  const dir = join(root, '.cache', 'e2e')
  const file = join(dir, 'clip-320x180-30fps-120s.mp4')
  if (existsSync(file)) return file
  mkdirSync(dir, { recursive: true })
  const half = `${file}.${process.pid}.mp4`
  const font = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf'
  const counter = existsSync(font) ? `,drawtext=fontfile=${font}:text='%{n}':x=8:y=h-34:fontsize=28:fontcolor=white:box=1:boxcolor=black` : ''
  await run('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', '-y',
    '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=30${counter}`,
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-t', String(CLIP_SECONDS),
    '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-pix_fmt', 'yuv420p',
    '-b:v', '1M', '-minrate', '1M', '-maxrate', '1M', '-bufsize', '1M', '-x264-params', 'nal-hrd=cbr:force-cfr=1',
    '-g', '30', '-keyint_min', '30', '-sc_threshold', '0',
    '-c:a', 'aac', '-b:a', '96k', '-movflags', '+faststart', half,
  ])
  renameSync(half, file)
  return file
}
