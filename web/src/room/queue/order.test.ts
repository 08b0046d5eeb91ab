import { describe, expect, it } from 'vitest'
import { arrange, reorder } from './order'

describe('reorder', () => {
  it.each([
    ['down by one', 'a', 'c', 'bac'],
    ['up', 'c', 'a', 'cab'],
    ['last', 'a', '', 'bca'],
    ['before itself', 'b', 'b', 'acb'],
    ['before what is gone', 'a', 'x', 'bca'],
  ])('%s', (_, id, before, want) => expect(reorder([...'abc'], id, before).join('')).toBe(want))
})

describe('arrange', () => {
  const list = [...'abc'].map((id) => ({ id }))
  it.each([
    ['without a wish', null, 'abc'],
    ['as wished', ['c', 'a', 'b'], 'cab'],
    ['with one that came in the meantime', ['c', 'a'], 'cab'],
    ['with one that went', ['c', 'x', 'b', 'a'], 'cba'],
  ])('%s', (_, ids, want) => expect(arrange(list, ids).map((x) => x.id).join('')).toBe(want))
})
