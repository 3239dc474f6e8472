import { expect, test } from 'vitest'
import { DocumentCache } from './document-cache.ts'

function counted(most?: number) {
  const cache = new DocumentCache(most)
  let made = 0
  const get = (key: unknown) => cache.get(key, () => ({ key, number: ++made }))
  return { get, made: () => made }
}

test('a document is made once for all that decides what it says', () => {
  const { get, made } = counted()
  expect(get(['tenant', ['view']])).toBe(get(['tenant', ['view']]))
  expect(get(['tenant', ['edit']]).etag).not.toBe(get(['tenant', ['view']]).etag)
  expect(made()).toBe(2)
})

test('what was not used for longest goes when there are too many', () => {
  const { get, made } = counted(60)
  for (const key of ['a', 'b', 'a', 'c', 'a']) get(key)
  expect(made()).toBe(3)
  get('b')
  expect(made()).toBe(4)
})

test('one that is larger than all that may be kept is made each time', () => {
  const { get, made } = counted(5)
  get('a')
  get('a')
  expect(made()).toBe(2)
})
