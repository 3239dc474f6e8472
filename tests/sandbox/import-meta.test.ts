import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('import.meta says nothing: no path, no resolver, no prototype', async () => {
  await using scene = new Scene('look: () => [Object.getPrototypeOf(import.meta) === null, Reflect.ownKeys(import.meta).map(String), typeof import.meta.url, typeof import.meta.resolve, typeof import.meta.dirname]')
  expect(await scene.outcome('look')).toEqual({ value: [true, [], 'undefined', 'undefined', 'undefined'] })
  await scene.expectAlive()
})
