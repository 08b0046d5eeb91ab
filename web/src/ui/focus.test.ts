// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { wayBack } from './focus'

afterEach(() => document.body.replaceChildren())

function put(html: string): (id: string) => HTMLElement {
  document.body.innerHTML = html
  return (id) => document.getElementById(id) as HTMLElement
}

describe('the way back', () => {
  it('leads to what had the focus', () => {
    const at = put('<button id="a"></button><button id="b"></button>')
    at('a').focus()
    const back = wayBack()
    at('b').focus()
    back()
    expect(document.activeElement).toBe(at('a'))
  })

  it('leads to what is around it when it has gone', () => {
    const at = put('<aside id="rail" tabindex="-1"><ul><li id="row"><button id="a"></button></li></ul></aside>')
    at('a').focus()
    const back = wayBack()
    at('row').remove()
    back()
    expect(document.activeElement).toBe(at('rail'))
  })

  it('goes on when what it led to goes a moment later, and takes nothing from anybody', () => {
    vi.useFakeTimers()
    const at = put('<aside id="rail" tabindex="-1"><ul><li id="row"><button id="a"></button></li></ul></aside><input id="b">')
    at('a').focus()
    wayBack()()
    at('row').remove()
    vi.advanceTimersByTime(2000)
    expect(document.activeElement).toBe(at('rail'))
    at('b').focus()
    const back = wayBack(at('rail'))
    back()
    at('rail').remove()
    at('b').focus()
    vi.advanceTimersByTime(2000)
    expect(document.activeElement).toBe(at('b'))
    vi.useRealTimers()
  })

  it('leads from the row of a menu to its button', () => {
    const at = put('<span><button id="opener"></button><div id="menu" role="menu"><button id="a" role="menuitem"></button></div></span>')
    at('a').focus()
    const back = wayBack()
    at('menu').remove()
    back()
    expect(document.activeElement).toBe(at('opener'))
  })
})
