import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { precompress } from './precompress.ts'

const wire = fileURLToPath(new URL('./src/wire', import.meta.url))

// `make dev` or `npm run dev` serves the page; API, sockets and media go to a running server.
const backend = process.env['SYNCTV_DEV_BACKEND'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  // Relative addresses and a <base> in index.html: the build can live under any path.
  base: './',
  resolve: {
    alias: [
      { find: /^.*\/google\/api\/annotations_pb$/, replacement: `${wire}/google/api/annotations_pb.ts` },
      // Browsers get our small protobuf runtime; tests run on the reference library and compare the two.
      ...(process.env['VITEST'] ? [] : [{ find: /^@bufbuild\/protobuf(\/codegenv2)?$/, replacement: `${wire}/protobuf.ts` }]),
    ],
  },
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // What every page needs is one file, instead of a dozen that wait for each other.
        codeSplitting: {
          groups: [{ name: 'base', test: /node_modules\/(@?preact)|vite\/(preload|modulepreload)|src\/(wire|gen|net|ui)\/|src\/i18n\/(index|errors)|src\/(router|session|preferences)\./ }],
        },
      },
    },
  },
  plugins: [precompress()],
  server: {
    proxy: {
      '/api': { target: backend, changeOrigin: false },
      '/ws': { target: backend, ws: true, changeOrigin: false },
      '/proxy/': { target: backend, changeOrigin: false },
      '/live/': { target: backend, ws: true, changeOrigin: false },
    },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
  },
})
