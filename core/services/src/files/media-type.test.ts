import { expect, test } from 'vitest'
import { isShown, mediaTypeOf } from './media-type.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex')

test.each([
  ['a PNG that calls itself HTML', png, 'text/html', 'image/png'], ['a PDF', Buffer.from('%PDF-1.7\n%\xE2\xE3'), '', 'application/pdf'], ['a GIF with a script behind its magic number', Buffer.from('GIF89a<script>alert(1)</script>'), 'text/html', 'image/gif'],
  ['HTML that calls itself a picture', Buffer.from('<!doctype html><script>alert(1)</script>'), 'image/png', 'text/plain'], ['HTML that says so', Buffer.from('<html>'), 'text/html', 'text/plain'],
  ['CSV', Buffer.from('site;hours\nNorth;3'), 'text/csv; charset=utf-8', 'text/csv'], ['JSON', Buffer.from('{}'), 'Application/JSON', 'application/json'],
  ['a text cut off in the middle of a character', Buffer.from('sécurité 👷').subarray(0, -2), '', 'text/plain'], ['bytes of nothing known', Buffer.from([1, 0, 2, 0xff]), 'text/csv', 'application/octet-stream'],
])('%s is told by its content', async (_, head, declared, type) => {
  expect(await mediaTypeOf(head, declared)).toBe(type)
})

test('only pictures and PDFs are shown; what could run is not', () => {
  expect(['image/png', 'application/pdf'].every(isShown)).toBe(true)
  expect(['text/html', 'image/svg+xml', 'application/xml', 'text/plain', 'application/javascript', 'application/octet-stream'].some(isShown)).toBe(false)
})
