import { describe, expect, it } from 'vitest'
import { parseAss, parseColor } from './ass'
import { decodeEntities, maxCueText, parseTagged, parseTime, type Cue } from './cue'
import { parseSrt } from './srt'
import { decode, detect, Track } from './track'
import { parseVtt } from './vtt'

const text = (cue: Cue | undefined) => cue?.lines.map((l) => l.map((r) => r.text).join('')).join('|')

describe('parseTime', () => {
  it.each([
    ['00:01:02,345', 62_345], ['01:02.5', 62_500], ['1:00:00.25', 3_600_250], ['0:00:01', 1000],
    ['99', null], ['a:b', null], ['00:00:00:00', null], ['', null],
  ])('%s is %s', (from, ms) => expect(parseTime(from)).toBe(ms))
})

describe('parseTagged', () => {
  it('keeps emphasis, drops every other tag and keeps its text', () => {
    expect(parseTagged('<b>a<i>b</i></b> <font color="red">c</font><v Ana>d</v><00:01.000>e')).toEqual([[
      { text: 'a', b: true }, { text: 'b', b: true, i: true }, { text: ' ' }, { text: 'c' }, { text: 'd' }, { text: 'e' },
    ]])
  })
  it('never yields markup from tricks', () => {
    const runs = parseTagged('<script>x</script>&lt;img src=x&gt; 3 < 4 &amp;lt;').flat().map((r) => r.text).join('')
    expect(runs).toBe('x<img src=x> 3 < 4 &lt;')
  })
  it('bounds a cue', () => expect(parseTagged('a'.repeat(9999)).flat()[0]?.text).toHaveLength(maxCueText))
  it('decodes references and leaves nonsense', () => {
    expect(decodeEntities('&#65;&#x4e2d;&nbsp;&bogus;&#0;&#xd800;&#x110000;')).toBe('A中\u00a0&bogus;&#0;&#xd800;&#x110000;')
  })
})

describe('parseSrt', () => {
  const named: [string, string, string[]][] = [
    ['plain', '1\n00:00:01,000 --> 00:00:02,000\nHello\nworld\n\n2\n00:00:03,000 --> 00:00:04,000\nBye', ['Hello|world', 'Bye']],
    ['windows line ends and BOM', '\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nHi\r\n\r\n', ['Hi']],
    ['no numbers', '00:00:01.000 --> 00:00:02.000\nA\n\n00:00:02.000 --> 00:00:03.000\nB', ['A', 'B']],
    ['empty line inside the text', '1\n00:00:01,000 --> 00:00:02,000\nA\n\nB\n\n2\n00:00:03,000 --> 00:00:04,000\nC', ['A||B', 'C']],
    ['no empty line between blocks', '1\n00:00:01,000 --> 00:00:02,000\nA\n2\n00:00:03,000 --> 00:00:04,000\nB', ['A', 'B']],
    ['coordinates', '1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2\nA', ['A']],
    ['broken times are skipped', '1\n00:xx --> 00:00:02,000\nA\n\n2\n00:00:03,000 --> 00:00:04,000\nB', ['B']],
    ['end before start', '1\n00:00:05,000 --> 00:00:02,000\nA', []],
    ['empty', '', []],
  ]
  it.each(named)('%s', (_, file, want) => expect(parseSrt(file).map(text)).toEqual(want))
  it('honours a borrowed position', () => {
    const [cue] = parseSrt('1\n00:00:01,000 --> 00:00:02,000\n{\\an8}Up')
    expect(cue?.place).toEqual({ x: 'center', y: 'top' })
    expect(text(cue)).toBe('Up')
  })
})

describe('parseVtt', () => {
  it('reads cues, identifiers and settings, and skips the rest', () => {
    const cues = parseVtt('WEBVTT - x\n\nSTYLE\n::cue{color:red}\n\nNOTE a --> b\n\nid\n00:01.000 --> 00:02.000 line:10% align:start\n<v Ana>Hi\n\n01:00:00.000 --> 01:00:01.000\nLate')
    expect(cues.map(text)).toEqual(['Hi', 'Late'])
    expect(cues[0]?.place).toEqual({ x: 'left', y: 'top' })
    expect(cues[1]?.startMs).toBe(3_600_000)
  })
  it('reads cues glued to the signature', () => {
    expect(parseVtt('WEBVTT\n00:01.000 --> 00:02.000\nA').map(text)).toEqual(['A'])
  })
})

describe('parseAss', () => {
  const head = '[Script Info]\nPlayResX: 1000\nPlayResY: 500\n[V4+ Styles]\nFormat: Name, PrimaryColour, Bold, Italic, Underline, Alignment\n' +
    'Style: Default,&H00FFFFFF,0,0,0,2\nStyle: Sign,&H000000FF,-1,0,0,8\n[Events]\nFormat: Layer, Start, End, Style, Text\n'
  it('reads dialogue with commas, breaks and emphasis', () => {
    const [cue] = parseAss(`${head}Dialogue: 0,0:00:01.00,0:00:02.50,Default,Well, {\\i1}yes{\\i0}\\Nno`)
    expect(text(cue)).toBe('Well, yes|no')
    expect(cue?.lines[0]?.[1]).toEqual({ text: 'yes', i: true })
    expect(cue?.endMs).toBe(2500)
  })
  it('takes styles, position and colour', () => {
    const [cue] = parseAss(`${head}Dialogue: 0,0:00:01.00,0:00:02.00,Sign,{\\pos(250,125)\\c&H00FF00&}Shop`)
    expect(cue?.place).toEqual({ x: 'center', y: 'top', at: { x: 25, y: 25 } })
    expect(cue?.lines[0]?.[0]).toEqual({ text: 'Shop', b: true, color: '#00ff00' })
  })
  it('leaves drawings out', () => {
    expect(parseAss(`${head}Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\p1}m 0 0 l 9 9{\\p0}`)).toEqual([])
  })
  it.each([['&H000000FF', '#ff0000'], ['&HFF0000&', '#0000ff'], ['nope', undefined], ['&H1&', '#010000']])('colour %s', (from, want) => {
    expect(parseColor(from)).toBe(want)
  })
})

describe('parsers on noise', () => {
  it('never throw, and keep their promises', () => {
    const alphabet = ['-->', '00:00:01,000', '\n', '\r\n', '{\\an8}', '{\\pos(1,', '<b>', '</', '&#', ';', 'WEBVTT', '[Events]', 'Dialogue:', ',', '1', '\ufeff', '中', 'Format:', 'Text', ' ', '\\N', '{', '}', 'Style:']
    let seed = 3
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
    for (let round = 0; round < 3000; round++) {
      let file = ''
      for (let i = random(60); i >= 0; i--) file += alphabet[random(alphabet.length)]
      for (const parser of [parseSrt, parseVtt, parseAss]) {
        const cues = parser(file)
        for (const [i, cue] of cues.entries()) {
          expect(cue.endMs).toBeGreaterThan(cue.startMs)
          expect(cue.lines.length).toBeGreaterThan(0)
          if (i > 0) expect(cue.startMs).toBeGreaterThanOrEqual((cues[i - 1] as Cue).startMs)
        }
      }
    }
  })
  it('are linear on hostile input', () => {
    const started = performance.now()
    for (const piece of ['<', '<b', '{\\', '&', '\n\n', '00:00:01,000 --> 00:00:02,000\n', '1\n']) {
      const file = piece.repeat(Math.floor(400_000 / piece.length))
      parseSrt(file)
      parseVtt(file)
      parseAss(`[Events]\n${file}`)
    }
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('Track', () => {
  const cue = (startMs: number, endMs: number): Cue => ({ startMs, endMs, lines: [[{ text: `${startMs}` }]], place: { x: 'center', y: 'bottom' } })
  it('finds overlapping cues by time', () => {
    const track = new Track([cue(0, 10_000), cue(1000, 2000), cue(1500, 1800), cue(3000, 4000)])
    const at = (ms: number) => track.at(ms).map((c) => c.startMs)
    expect(at(1600)).toEqual([0, 1000, 1500])
    expect(at(3500)).toEqual([0, 3000])
    expect(at(2000)).toEqual([0])
    expect(at(10_000)).toEqual([])
  })
})

describe('files', () => {
  it.each([
    ['vtt', 'x', '', 'vtt'], ['', 'a.ASS?x=1', '', 'ass'], ['', 'a', 'WEBVTT\n', 'vtt'],
    ['', 'a', '\ufeff[Script Info]', 'ass'], ['', 'a.txt', '1', 'srt'], ['weird', 'a.vtt', '', 'vtt'],
  ])('format %s %s', (declared, url, content, want) => expect(detect(declared, url, content)).toBe(want))
  it('decodes by mark, validity and language', () => {
    expect(decode(new Uint8Array([0xff, 0xfe, 0x2d, 0x4e]), '')).toBe('中')
    expect(decode(new TextEncoder().encode('中'), '')).toBe('中')
    expect(decode(new Uint8Array([0xd6, 0xd0]), 'zh-CN')).toBe('中')
    expect(decode(new Uint8Array([0x63, 0x61, 0x66, 0xe9]), 'fr')).toBe('café')
  })
})
