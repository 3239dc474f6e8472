import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const nested = (levels: string): string => `nest: () => { let value = 1; for (let i = 0; i < ${levels}; i++) value = [value]; return value }`

test('an answer nested beyond 64 levels does not reach the host\'s own code', async () => {
  await using scene = new Scene(nested('65'))
  expect(await scene.outcome('nest')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('64 levels') })
  await scene.expectAlive()
})

test('an answer nested a million levels deep fails in the module', async () => {
  await using scene = new Scene(nested('1e6'))
  expect(await scene.outcome('nest')).toMatchObject({ code: expect.stringMatching(/^plugin-/) })
  await scene.expectAlive()
})

test('an answer that contains itself fails in the module', async () => {
  await using scene = new Scene('nest: () => { const value = {}; value.value = value; return value }')
  expect(await scene.outcome('nest')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('circular') })
  await scene.expectAlive()
})
