import { expect, it } from 'vitest'
import { findLinks, titleOf } from './links'

it.each([
  ['https://a.example/film.mp4', ['https://a.example/film.mp4']],
  ['  https://a.example/1.mp4\nhttp://b.example/2.m3u8  ', ['https://a.example/1.mp4', 'http://b.example/2.m3u8']],
  ['look: https://a.example/1 https://a.example/1', ['https://a.example/1']],
  ['cdn.example.org/film.mkv', ['https://cdn.example.org/film.mkv']],
  ['rtmp://a.example/live/x?token=1 RTMPS://a.example:444/live/y', ['rtmp://a.example/live/x?token=1', 'rtmps://a.example:444/live/y']],
  ['localhost', []],
  ['a film with friends', []],
  ['javascript:alert(1) file:///etc/passwd', []],
  ['', []],
])('finds links in %j', (text, links) => {
  expect(findLinks(text)).toEqual(links)
})

it.each([
  ['https://a.example/films/The%20Long%20Dusk.mp4', 'The Long Dusk.mp4'],
  ['https://a.example/', 'a.example'],
  ['https://a.example/%E0%A4%A', 'https://a.example/%E0%A4%A'],
])('names %j', (link, title) => {
  expect(titleOf(link)).toBe(title)
})
