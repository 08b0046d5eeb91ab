import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../net/errors'
import { en } from './en'
import { sentence } from './errors'
import { ago, clock, day, pickLanguage, speak, t } from './index'
import { zhCN } from './zh-CN'

beforeEach(() => speak('en', en))

describe('t', () => {
  it('fills in names and chooses plurals', () => {
    expect(t('event.joined', { name: 'Bo' })).toBe('Bo joined')
    expect(t('chat.new', { n: 1 })).toBe('1 new message')
    expect(t('chat.new', { n: 1204 })).toBe('1,204 new messages')
  })

  it('speaks Chinese', () => {
    speak('zh-CN', zhCN)
    expect(t('chat.new', { n: 3 })).toBe('3 条新消息')
    expect(t('event.added', { by: '小雨', title: '片', n: 1 })).toBe('小雨 添加了 1 项')
  })

  it('does not take a name for a placeholder', () => {
    expect(t('event.joined', { name: '{by}' })).toBe('{by} joined')
  })
})

it.each([
  ['conflict', 'username', '这个名字已被占用'],
  ['invalid_argument', 'username', '3 到 32'],
  ['invalid_argument', 'subtitles', '字幕链接'],
  ['invalid_argument', 'text', '弹幕'],
  ['conflict', '', '有人先了一步'],
])('says in Chinese what is wrong: %s %s', (code, field, part) => {
  speak('zh-CN', zhCN)
  expect(sentence(new ApiError(code, 'in English', field))).toContain(part)
})

it('has the same placeholders in both languages', () => {
  const names = (v: string | { one: string; other: string }): string[] => {
    const text = typeof v === 'string' ? v : `${v.one} ${v.other}`
    return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? ''))].sort()
  }
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    // A plural may say a number that its language need not say.
    const drop = (x: string[]): string[] => (typeof en[key] === 'string' ? x : x.filter((n) => n !== 'n' && n !== 'title'))
    expect(drop(names(zhCN[key])), key).toEqual(drop(names(en[key])))
  }
})

it.each([
  [['zh-Hans-CN', 'en'], 'zh-CN'],
  [['fr', 'zh-TW'], 'zh-CN'],
  [['en-GB'], 'en'],
  [['de'], 'en'],
  [[], 'en'],
])('picks for %j', (wishes, language) => {
  expect(pickLanguage(wishes)).toBe(language)
})

it.each([
  [0, '0:00'],
  [65_000, '1:05'],
  [2_467_999, '41:07'],
  [6_502_000, '1:48:22'],
  [-5, '0:00'],
])('writes %d ms as a clock', (ms, text) => {
  expect(clock(ms)).toBe(text)
})

it('says days and moments', () => {
  const now = new Date(2026, 2, 4, 12).getTime()
  expect(day(now, now)).toBe('Today')
  expect(day(now - 86_400_000, now)).toBe('Yesterday')
  expect(day(now - 5 * 86_400_000, now)).toBe('Friday, February 27')
  expect(ago(now - 180_000, now)).toBe('3 minutes ago')
})

describe('sentence', () => {
  it('translates by code, and else takes the words of the server', () => {
    expect(sentence(new ApiError('room_full', 'x'))).toBe(en['error.room_full'])
    expect(sentence(new ApiError('invalid_argument', 'name is too long'))).toContain('name is too long')
    expect(sentence(new ApiError('brand_new', 'Something new.'))).toBe('Something new.')
    expect(sentence(new TypeError('boom'))).toBe('boom')
  })
})
