import { create } from '@bufbuild/protobuf'
import { describe, expect, it, vi } from 'vitest'
import { SourceSchema, VariantSchema } from '../gen/synctv/v1/media_pb'
import { kindOf, likelihood, orderVariants, type EngineHooks, type OpenEngine } from './engine'
import type { Fault } from './fault'
import { faultOfStatus } from './fault'
import { SourceLoader } from './source'

const variant = (url: string, proxied = false, container = 'mp4') => create(VariantSchema, { url, container, proxied })
const video = { canPlayType: (t: string) => (/mp4|mpeg/.test(t) ? 'maybe' : '') } as HTMLVideoElement
const settle = () => new Promise((done) => setTimeout(done))

/** A loader whose engines open by hand. */
function make(answers: string[][], wrong: Record<string, Fault> = {}) {
  const opened: { url: string; hooks: EngineHooks; destroyed: boolean }[] = []
  const open: OpenEngine = async (_, v, __, hooks) => {
    const one = { url: v.url, hooks, destroyed: false }
    opened.push(one)
    if (wrong[v.url]) setTimeout(() => hooks.onFault(wrong[v.url] as Fault))
    return { kind: 'native', levels: () => [], level: () => -1, setLevel: () => {}, destroy: () => void (one.destroyed = true) }
  }
  let asked = 0
  const resolve = vi.fn(async (id: string) => {
    const urls = answers[Math.min(asked++, answers.length - 1)] as string[]
    return create(SourceSchema, { mediaId: id, variants: urls.map((u, i) => variant(u, i > 0)) })
  })
  let now = 0
  const loader = new SourceLoader({ video, resolve, open, now: () => now })
  return { loader, opened, resolve, tick: (ms: number) => (now += ms) }
}

describe('SourceLoader', () => {
  it('opens the best variant', async () => {
    const { loader, opened } = make([['a', 'b']])
    loader.load('m')
    await settle()
    expect(opened.map((o) => o.url)).toEqual(['a'])
    expect(loader.state.value).toMatchObject({ phase: 'open', mediaId: 'm', variant: { url: 'a' } })
  })

  it('goes on to the next variant and releases the one before', async () => {
    const { loader, opened } = make([['a', 'b']], { a: { kind: 'codec' } })
    loader.load('m')
    await settle()
    await settle()
    expect(loader.state.value).toMatchObject({ phase: 'open', variant: { url: 'b' } })
    expect(opened[0]?.destroyed).toBe(true)
  })

  it('asks for new addresses once when they have expired, then says so', async () => {
    const expired: Fault = { kind: 'expired', status: 403 }
    const { loader, resolve } = make([['a'], ['a2'], ['a3']], { a: expired, a2: expired })
    loader.load('m')
    for (let i = 0; i < 6; i++) await settle()
    expect(resolve).toHaveBeenCalledTimes(2)
    expect(loader.state.value).toMatchObject({ phase: 'failed', fault: expired })
    loader.retry()
    for (let i = 0; i < 3; i++) await settle()
    expect(loader.state.value).toMatchObject({ phase: 'open', variant: { url: 'a3' } })
  })

  it('does not ask again for a codec nobody knows', async () => {
    const { loader, resolve } = make([['a']], { a: { kind: 'codec' } })
    loader.load('m')
    for (let i = 0; i < 4; i++) await settle()
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(loader.state.value).toMatchObject({ phase: 'failed', fault: { kind: 'codec' } })
  })

  it('renews addresses that expire after an hour of playing', async () => {
    const { loader, opened, tick, resolve } = make([['a'], ['a2']])
    loader.load('m')
    await settle()
    tick(3_600_000)
    opened[0]?.hooks.onFault({ kind: 'expired', status: 403 })
    await settle()
    expect(resolve).toHaveBeenCalledTimes(2)
    expect(loader.state.value).toMatchObject({ phase: 'open', variant: { url: 'a2' } })
  })

  it('keeps to the last of many wishes', async () => {
    const { loader, opened } = make([['a']])
    loader.load('m1')
    loader.load('m2')
    await settle()
    expect(loader.state.value).toMatchObject({ phase: 'open', mediaId: 'm2' })
    expect(opened).toHaveLength(1)
    loader.load('')
    expect(loader.state.value).toEqual({ phase: 'idle' })
    expect(opened[0]?.destroyed).toBe(true)
    expect(opened[0]?.hooks.wanted()).toBe(false)
  })

  it('plays the variant the viewer chose, and reports what the server cannot resolve', async () => {
    const { loader } = make([['a', 'b']])
    loader.load('m')
    await settle()
    loader.choose(variant('b', true))
    await settle()
    expect(loader.state.value).toMatchObject({ phase: 'open', variant: { url: 'b' } })
    const failing = new SourceLoader({ video, resolve: () => Promise.reject(new Error('down')), open: async () => { throw new Error() }, now: () => 0 })
    failing.load('m')
    await settle()
    expect(failing.state.value).toMatchObject({ phase: 'failed', fault: { kind: 'resolve', message: 'down' } })
  })
})

describe('engines', () => {
  it.each([
    ['mp4', 'f.mp4', false, 'native'], ['', 'x/live.m3u8?t=1', true, 'native'], ['hls', 'x', false, 'native'], ['flv', 'x.flv', false, 'none'],
  ])('%s %s apple %s: %s', (container, url, apple, want) => expect(kindOf({ container, url }, video, false, apple)).toBe(want))
  it('prefer what the browser knows', () => {
    const list = [variant('flv', false, 'flv'), variant('mkv', false, 'mkv'), variant('mp4')]
    expect(orderVariants(list, video, '').map((v) => v.url)).toEqual(['mp4', 'mkv', 'flv'])
    expect(likelihood({ container: 'mp4', url: '', codecs: ['hev1'] }, { canPlayType: () => '' })).toBe(0)
  })
  it.each([[403, 'expired'], [410, 'expired'], [404, 'missing'], [451, 'blocked'], [502, 'unreachable']])('status %d is %s', (status, kind) => {
    expect(faultOfStatus(status)).toEqual({ kind, status })
  })
})
