// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { nextPlace } from './pages/Auth'
import { parse } from './router'

describe('parse', () => {
  it.each([
    ['/', { page: 'home' }],
    ['/login', { page: 'login' }],
    ['/login/', { page: 'login' }],
    ['/s/str_1', { page: 'stream', streamId: 'str_1' }],
    ['/j/abc-123', { page: 'join', code: 'abc-123' }],
    ['/r/room_1', { page: 'room', roomId: 'room_1', settings: false }],
    ['/r/room_1/settings', { page: 'room', roomId: 'room_1', settings: true }],
    ['/r/room_1/nonsense', { page: 'none' }],
    ['/r/%E0%A4%A', { page: 'room', roomId: '%E0%A4%A', settings: false }],
    ['/r', { page: 'none' }],
    ['/nowhere', { page: 'none' }],
    ['/__proto__', { page: 'none' }],
  ])('%s', (path, route) => {
    expect(parse(path)).toEqual(route)
  })
})

describe('the place after signing in', () => {
  it.each([
    ['?to=/j/abc', '/j/abc'],
    ['', '/'],
    ['?to=//evil.example', '/'],
    ['?to=/\\evil.example', '/'],
    ['?to=https://evil.example', '/'],
  ])('%s', (search, to) => {
    expect(nextPlace(search)).toBe(to)
  })
})
