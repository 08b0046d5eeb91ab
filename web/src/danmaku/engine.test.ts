// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { DanmakuEngine } from './engine'
import type { DanmakuMessage } from './feed'
import { defaultDanmaku } from './settings'

const line = (id: string, atMs: number, more: Partial<DanmakuMessage> = {}): DanmakuMessage => ({
  id, text: id, atMs, kind: 'scroll', color: '#ffffff', own: false, ...more,
})

function make(history: DanmakuMessage[], live = false) {
  const layer = document.createElement('div')
  Object.defineProperty(layer, 'clientWidth', { value: 1000 })
  Object.defineProperty(layer, 'clientHeight', { value: 600 })
  let atMs = 0
  let now = 0
  const engine = new DanmakuEngine({
    layer, clock: { positionMs: () => atMs, rate: () => 1 },
    fetchWindow: async (_, from, to) => history.filter((l) => l.atMs >= from && l.atMs < to),
    settings: { ...defaultDanmaku, area: 1, density: 'all' },
  })
  engine.setMedia('m', live)
  const run = async (ms: number) => {
    for (let i = 0; i < ms; i += 20) {
      atMs += 20
      now += 20
      engine.frame(now)
    }
    await new Promise((done) => setTimeout(done))
    engine.frame(now)
  }
  const texts = () => [...layer.children].map((n) => n.textContent).sort()
  return { engine, run, texts, layer, seek: (ms: number) => (atMs = ms) }
}

describe('DanmakuEngine', () => {
  it('shows lines at their time, once, and takes them away', async () => {
    const { run, texts } = make([line('a', 1000), line('b', 3000)])
    await run(500)
    expect(texts()).toEqual([])
    await run(1000)
    expect(texts()).toEqual(['a'])
    await run(2000)
    expect(texts()).toEqual(['a', 'b'])
    await run(6000)
    expect(texts()).toEqual(['b'])
  })

  it('clears and fills again on a seek', async () => {
    const { run, texts, seek } = make([line('a', 1000), line('x', 58_000), line('y', 61_000)])
    await run(2000)
    seek(62_000)
    await run(200)
    await run(200)
    expect(texts()).toEqual(['x', 'y'])
  })

  it('shows an arrival once, whether its moment is past or to come', async () => {
    const { engine, run, texts } = make([])
    await run(2000)
    engine.arrived('m', line('late', 1500))
    engine.arrived('m', line('soon', 2300))
    engine.arrived('m', line('late', 1500))
    engine.arrived('other', line('elsewhere', 1500))
    await run(100)
    expect(texts()).toEqual(['late'])
    await run(1000)
    expect(texts()).toEqual(['late', 'soon'])
  })

  it('needs no position for a live stream', async () => {
    const { engine, run, texts } = make([], true)
    await run(1000)
    engine.arrived('m', line('hi', 0))
    await run(100)
    expect(texts()).toEqual(['hi'])
  })

  it('hides blocked words, but not the own ones, and sets text only', async () => {
    const { engine, run, layer } = make([])
    engine.setSettings({ ...defaultDanmaku, area: 1, blocked: ['spoiler'] })
    await run(1000)
    engine.arrived('m', line('1', 900, { text: 'a Spoiler' }))
    engine.arrived('m', line('2', 900, { text: 'my spoiler <img src=x>', own: true }))
    await run(100)
    expect(layer.children).toHaveLength(1)
    expect(layer.children[0]?.textContent).toBe('my spoiler <img src=x>')
    expect(layer.children[0]?.children).toHaveLength(0)
  })
})
