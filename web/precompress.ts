// Writes .br and .gz beside every text file of the build, so that the server
// only picks one and never compresses at run time.
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const TEXT = /\.(js|css|html|svg|json|webmanifest|wasm|txt)$/
/** Below this a compressed copy saves less than its own header costs. */
const LEAST_BYTES = 512

const toBrotli = promisify(brotliCompress)
const toGzip = promisify(gzip)

async function writeSiblings(file: string): Promise<void> {
  const raw = await readFile(file)
  if (raw.length < LEAST_BYTES) return
  const br = await toBrotli(raw, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
  })
  const gz = await toGzip(raw, { level: 9 })
  if (br.length < raw.length) await writeFile(`${file}.br`, br)
  if (gz.length < raw.length) await writeFile(`${file}.gz`, gz)
}

/** A Vite plugin that compresses the finished build once. */
export function precompress(): Plugin {
  let outDir = 'dist'
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir)
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true })
      await Promise.all(names.filter((n) => TEXT.test(n)).map((n) => writeSiblings(join(outDir, n))))
    },
  }
}
