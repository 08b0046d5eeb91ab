// The real program, started as an operator starts it.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './deps.mjs'

const READY_MS = 20_000
const STOP_MS = 15_000

/** Path of the program: SYNCTV_BINARY, or built from this tree with the web client inside. */
export function binary() {
  if (process.env.SYNCTV_BINARY) return process.env.SYNCTV_BINARY
  const web = join(root, 'web')
  if (!existsSync(join(web, 'dist', 'index.html'))) execFileSync('npm', ['run', 'build'], { cwd: web, stdio: 'inherit' })
  const out = join(root, '.cache', 'e2e', 'synctv')
  execFileSync('go', ['build', '-o', out, '.'], { cwd: root, stdio: 'inherit' })
  return out
}

/** A port nobody listens on right now. */
export async function freePort() {
  const s = createServer().listen(0, '127.0.0.1')
  await once(s, 'listening')
  const { port } = s.address()
  await new Promise((done) => s.close(done))
  return port
}

/**
 * Starts a server with a fresh data folder.
 * @param {{program: string, env?: Record<string, string>, allow?: string}} opts allow: media origins in the private network
 */
export async function startServer({ program, env = {}, allow = '127.0.0.1' }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'synctv-e2e-'))
  const port = await freePort()
  const server = new Server({ program, dataDir, port, env: { SYNCTV_MEDIA_ALLOW_PRIVATE: allow, ...env } })
  process.once('exit', () => server.killNow())
  await server.start()
  return server
}

class Server {
  constructor({ program, dataDir, port, env }) {
    this.program = program
    this.dataDir = dataDir
    this.port = port
    this.env = env
    this.url = `http://127.0.0.1:${port}`
    /** The one-time link of the first start. */
    this.link = ''
    this.log = ''
    this.child = null
  }

  get pid() {
    return this.child?.pid
  }

  /** Starts, or starts again on the same data and port; resolves when the server answers. */
  async start() {
    const begun = performance.now()
    const child = spawn(this.program, [], {
      env: {
        PATH: process.env.PATH, HOME: process.env.HOME,
        SYNCTV_SERVER_PORT: String(this.port), SYNCTV_SERVER_HOST: '127.0.0.1', SYNCTV_LIVESTREAM_RTMP_PORT: '0', SYNCTV_DATA_DIR: this.dataDir,
        SYNCTV_SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS: '5', ...this.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    let out = ''
    child.stdout.on('data', (b) => { out += b; this.log += b })
    child.stderr.on('data', (b) => { this.log += b })
    let gone = null
    child.on('exit', (code, signal) => { gone = `exit ${code ?? signal}` })
    while (!(await this.answers())) {
      if (gone) throw new Error(`the server ended while starting (${gone}):\n${this.log}`)
      if (performance.now() - begun > READY_MS) throw new Error(`the server does not answer:\n${this.log}`)
      await new Promise((r) => setTimeout(r, 25))
    }
    const took = performance.now() - begun
    // The first start prints its link in the same moment as it begins to answer.
    for (let i = 0; i < 80 && !this.link && !linkIn(out); i++) await new Promise((r) => setTimeout(r, 25))
    this.link = linkIn(out) || this.link
    return took
  }

  async answers() {
    try {
      return (await fetch(`${this.url}/api/v1/server`, { signal: AbortSignal.timeout(1000) })).ok
    } catch {
      return false
    }
  }

  /** Ends the process at once, as a power cut does. */
  async kill() {
    const done = this.over()
    this.child?.kill('SIGKILL')
    await done
  }

  killNow() {
    this.child?.kill('SIGKILL')
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  over() {
    const c = this.child
    return !c || c.exitCode !== null || c.signalCode !== null ? Promise.resolve() : once(c, 'exit')
  }

  /** Asks the server to stop and removes its data. Resolves with the exit code; null when it had to be killed. */
  async stop() {
    const done = this.over()
    this.child?.kill('SIGTERM')
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS)
    await done
    clearTimeout(timer)
    rmSync(this.dataDir, { recursive: true, force: true })
    return this.child?.exitCode ?? null
  }
}

/** The one-time link in what the server printed. */
export function linkIn(text) {
  return /https?:\/\/\S+\/setup#[\w-]+/.exec(text)?.[0] ?? ''
}
