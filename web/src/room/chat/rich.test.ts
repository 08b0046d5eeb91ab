import { describe, expect, it } from 'vitest'
import { cut } from './rich'

const names = ['Ana', 'Ana Maria', '小雨', 'B.o+']
const brief = (text: string) => cut(text, names, 'Ana').map((p) => `${p.kind}:${p.text}`)

describe('cut', () => {
  it.each([
    ['plain', ['text:plain']],
    ['', []],
    ['see https://a.example/x?y=1.', ['text:see ', 'link:https://a.example/x?y=1', 'text:.']],
    ['（https://a.example/片）。', ['text:（', 'link:https://a.example/片', 'text:）。']],
    ['Paused at 40:52, shout', ['text:Paused at ', 'time:40:52', 'text:, shout']],
    ['1:48:22!', ['time:1:48:22', 'text:!']],
    ['score 3:1 and 12:99 and 1.2:30', ['text:score 3:1 and 12:99 and 1.2:30']],
    ['@Ana you called it', ['mention:@Ana', 'text: you called it']],
    ['@Ana Maria hi', ['mention:@Ana Maria', 'text: hi']],
    ['嗨@小雨', ['text:嗨', 'mention:@小雨']],
    ['@B.o+ @Bxo+', ['mention:@B.o+', 'text: @Bxo+']],
    ['<b>bold</b>', ['text:<b>bold</b>']],
    ['javascript:alert(1)', ['text:javascript:alert(1)']],
  ])('%s', (text, parts) => {
    expect(brief(text)).toEqual(parts)
  })

  it('reads times as milliseconds', () => {
    expect(cut('1:48:22', [], '')[0]).toMatchObject({ ms: 6_502_000 })
    expect(cut('0:05', [], '')[0]).toMatchObject({ ms: 5000 })
  })

  it('knows a mention of me', () => {
    expect(cut('@Ana', names, 'Ana')[0]).toMatchObject({ me: true })
    expect(cut('@小雨', names, 'Ana')[0]).toMatchObject({ me: false })
  })
})
