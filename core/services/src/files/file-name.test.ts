import { expect, test } from 'vitest'
import { fileNameOf } from './file-name.ts'

test.each([['report.pdf', 'report.pdf'], ['Rapport%20d%C3%A9taill%C3%A9.pdf', 'Rapport détaillé.pdf'], ['e%CC%81.txt', 'é.txt'], ['%F0%9F%91%B7.png', '👷.png'], [encodeURIComponent('a'.repeat(255)), 'a'.repeat(255)], ['%20padded%20', 'padded']])(
  '"%s" is a name', (header, name) => expect(fileNameOf(header)).toBe(name))

test.each(['', '%20', '.', '..', 'a%2Fb', '..%2F..%2Fetc%2Fpasswd', 'a%5Cb', 'a%00b', 'a%0Ab', 'a%0D%0ASet-Cookie:x', 'gpj%E2%80%AEexe', '%zz', '%C3', 'a'.repeat(256)])(
  '"%s" is refused', (header) => expect(() => fileNameOf(header)).toThrow(expect.objectContaining({ code: 'invalid-request' })))
