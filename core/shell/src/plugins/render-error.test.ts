import { expect, test } from 'vitest'
import { breaksPage } from './render-error.ts'

test.each([
  ['render function', true], ['setup function', true], ['mounted hook', true], ['async component loader', true], ['native event handler', false], ['component event handler', false], ['watcher callback', false],
  ['https://vuejs.org/error-reference/#runtime-1', true], ['https://vuejs.org/error-reference/#runtime-13', true], ['https://vuejs.org/error-reference/#runtime-5', false], ['https://vuejs.org/error-reference/#runtime-m', true],
])('an error in "%s" breaks the page: %s', (info, breaks) => {
  expect(breaksPage(info)).toBe(breaks)
})
