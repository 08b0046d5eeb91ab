// An encoder as people have it: ffmpeg, publishing a test picture with sound in real time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Publishes until it is stopped.
 * @param {{server: string, key: string, size?: string, fps?: number, gop?: number, title?: string, sound?: boolean}} o
 */
export function publish({ server, key, size = '1280x720', fps = 30, gop = fps, sound = true, picture = 'testsrc2' }) {
  const child = spawn('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', `${picture}${picture.includes('=') ? ':' : '='}size=${size}:rate=${fps}`,
    ...(sound ? ['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000'] : []),
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-b:v', '2400k', '-maxrate', '2600k', '-bufsize', '1200k', '-g', String(gop), '-pix_fmt', 'yuv420p',
    ...(sound ? ['-c:a', 'aac', '-b:a', '128k', '-filter:a', 'volume=0.1'] : []),
    '-f', 'flv', `${server}/${key}`,
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (b) => { log += b })
  const over = once(child, 'exit')
  const end = (signal) => async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await over
  }
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  void over.then(() => process.off('exit', atExit))
  return {
    /** Vanishes, as a machine does whose power is cut. */
    vanish: end('SIGKILL'),
    /** Says goodbye, as the stop button does. */
    close: end('SIGINT'),
    /** Resolves when it has ended by itself. */
    over,
    get log() { return log },
  }
}
