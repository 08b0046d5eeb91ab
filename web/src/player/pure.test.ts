import { describe, expect, it } from 'vitest'
import { belongsToFocus, command, type Key } from './keyboard'
import { bufferedAhead, clampPosition, ghostTicks, nextRate, percent, ranges, timeAt } from './timeline'

describe('timeAt', () => {
  it.each([
    [150, false, 50_000], [0, false, 0], [999, false, 100_000], [125, true, 75_000],
  ])('x %d rtl %s is %d', (x, rtl, want) => expect(timeAt(x, 100, 100, 100_000, rtl)).toBe(want))
  it('survives a bar without width', () => expect(timeAt(5, 0, 0, 1000)).toBe(0))
})

describe('positions', () => {
  it('clamp before the end, and not at all without one', () => {
    expect(clampPosition(-5, 1000)).toBe(0)
    expect(clampPosition(5000, 1000)).toBe(750)
    expect(clampPosition(5000, 0)).toBe(5000)
    expect(percent(5, 0)).toBe(0)
    expect(percent(500, 1000)).toBe(50)
  })
  it('know what is buffered', () => {
    const list = ranges({ length: 2, start: (i) => i * 10, end: (i) => i * 10 + 4 })
    expect(list).toEqual([[0, 4000], [10_000, 14_000]])
    expect(bufferedAhead(list, 1000)).toBe(3000)
    expect(bufferedAhead(list, 5000)).toBe(0)
    expect(bufferedAhead(list, 9950)).toBe(4050)
  })
})

describe('ghostTicks', () => {
  const person = (name: string, more: object) => ({ name, positionMs: 0, errorMs: 0, free: false, state: 1, ...more })
  it('shows who is elsewhere and joins neighbours', () => {
    const people = [
      person('Stale but here', { positionMs: 8500, errorMs: 3 }), person('Ana', { free: true, positionMs: 50_000 }),
      person('Bo', { free: true, positionMs: 50_300 }), person('New', { state: 3 }), person('Cy', { errorMs: -5000 }),
      person('Slow', { state: 3, positionMs: 6500 }), person('Away', { state: 5, positionMs: 90_000 }),
    ]
    expect(ghostTicks(people, 10_000, 100_000)).toEqual([
      { percent: 5, names: ['Cy'], positionMs: 5000 }, { percent: 6.5, names: ['Slow'], positionMs: 6500 },
      { percent: 50, names: ['Ana', 'Bo'], positionMs: 50_000 },
    ])
    expect(ghostTicks(people, 10_000, 0)).toEqual([])
  })
})

describe('nextRate', () => {
  it.each([[1, 1, 1.25], [1, -1, 0.75], [2, 1, 2], [0.5, -1, 0.5], [1.1, 1, 1.25]] as const)('%d by %d is %d', (rate, step, want) => {
    expect(nextRate(rate, step)).toBe(want)
  })
})

describe('keyboard', () => {
  const key = (k: string, more: Partial<Key> = {}): Key => ({ key: k, ctrlKey: false, metaKey: false, altKey: false, ...more })
  it.each([
    [' ', { do: 'toggle' }], ['K', { do: 'toggle' }], ['j', { do: 'skip', ms: -10_000 }], ['ArrowRight', { do: 'skip', ms: 5000 }],
    ['7', { do: 'percent', percent: 70 }], ['\\', { do: 'rail' }], ['?', { do: 'help' }], ['q', null], ['Escape', null],
  ])('%s', (k, want) => expect(command(key(k))).toEqual(want))
  it('leaves combinations, compositions and held toggles alone', () => {
    expect(command(key('r', { ctrlKey: true }))).toBeNull()
    expect(command(key('k', { isComposing: true }))).toBeNull()
    expect(command(key(' ', { repeat: true }))).toBeNull()
    expect(command(key('l', { repeat: true }))).toEqual({ do: 'skip', ms: 10_000 })
  })
  it.each([
    ['k', { tag: 'INPUT', type: 'text' }, true], ['k', { tag: 'TEXTAREA' }, true], ['k', { tag: 'DIV', editable: true }, true],
    [' ', { tag: 'BUTTON' }, true], ['k', { tag: 'BUTTON' }, false], ['ArrowLeft', { tag: 'DIV', role: 'slider' }, true],
    ['f', { tag: 'DIV', role: 'slider' }, false], ['ArrowUp', { tag: 'INPUT', type: 'range' }, true], [' ', { tag: 'BODY' }, false],
    ['k', { tag: 'BUTTON', layered: true }, true], ['ArrowRight', { tag: 'BUTTON', role: 'tab' }, true], ['k', { tag: 'INPUT', type: 'checkbox' }, false],
  ])('key %s at %o', (k, focus, want) => expect(belongsToFocus(key(k), focus)).toBe(want))
})
