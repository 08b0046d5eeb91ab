// Reads playlists, one a line as {"id", "text"}, with two readers that others wrote, and answers each with what they
// found: {"id", "problems": [...], "readers": [{"name", "sequence", "discontinuity", "target", "segments", "marks", "parts", "seconds", "ended"}]}.
// node readers.mjs PACKAGE.JSON: of the folder in which the readers are installed.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv[2])
const { Parser } = require('m3u8-parser')
const hls = require('hls-parser')
hls.setOptions({ strictMode: true })

const sum = (segments) => segments.reduce((n, s) => n + s.duration, 0)

function m3u8Parser(text, problems) {
  const parser = new Parser()
  for (const event of ['warn', 'info', 'error']) parser.on(event, (e) => problems.push(`m3u8-parser: ${e.message}`))
  parser.push(text)
  parser.end()
  const m = parser.manifest
  if (m.playlists) return { name: 'm3u8-parser', playlists: m.playlists.length, codecs: m.playlists[0].attributes.CODECS }
  const segments = m.segments
  const open = m.preloadSegment?.parts ?? []
  return {
    name: 'm3u8-parser', sequence: m.mediaSequence, discontinuity: m.discontinuitySequence, target: m.targetDuration, segments: segments.length,
    marks: segments.filter((s) => s.discontinuity).length, parts: segments.reduce((n, s) => n + (s.parts?.length ?? 0), open.length), seconds: sum(segments), ended: !!m.endList,
    last: segments.at(-1)?.timeline,
  }
}

function hlsParser(text, problems) {
  let m
  try {
    m = hls.parse(text)
  } catch (e) {
    problems.push(`hls-parser: ${e.message}`)
    return { name: 'hls-parser' }
  }
  if (m.isMasterPlaylist) return { name: 'hls-parser', playlists: m.variants.length, codecs: m.variants[0].codecs }
  const segments = m.segments.filter((s) => s.uri)
  return {
    name: 'hls-parser', sequence: m.mediaSequenceBase, discontinuity: m.discontinuitySequenceBase, target: m.targetDuration, segments: segments.length,
    marks: segments.filter((s) => s.discontinuity).length, parts: m.segments.reduce((n, s) => n + s.parts.filter((p) => !p.hint).length, 0), seconds: sum(segments), ended: !!m.endlist,
    last: segments.at(-1)?.discontinuitySequence,
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, text } = JSON.parse(line)
  const problems = []
  const readers = [m3u8Parser(text, problems), hlsParser(text, problems)]
  process.stdout.write(JSON.stringify({ id, problems, readers }) + '\n')
}
