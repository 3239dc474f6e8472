import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('what a module does to its input stays in the module', async () => {
  const input = { site: 'Platform 1', tags: ['a'], deep: { value: 1 } }
  await using scene = new Scene("change: (input) => { input.site = 'changed'; input.tags.length = 0; delete input.deep; Object.freeze(input); return input }")
  expect(await scene.outcome('change', input)).toEqual({ value: { site: 'changed', tags: [] } })
  expect(input).toEqual({ site: 'Platform 1', tags: ['a'], deep: { value: 1 } })
  await scene.expectAlive()
})

test('input of users with keys that mean something to a language is data in the module', async () => {
  await using scene = new Scene("look: (input) => [Object.getPrototypeOf(input) === Object.prototype, Object.keys(input), input.admin === undefined, {}.admin === undefined]")
  const input = JSON.parse('{"__proto__":{"admin":true},"then":1,"toJSON":2,"constructor":3}')
  expect(await scene.outcome('look', input)).toEqual({ value: [true, ['__proto__', 'then', 'toJSON', 'constructor'], true, true] })
  await scene.expectAlive()
})
