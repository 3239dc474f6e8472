import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('an answer over the message limit is refused by name, and the module lives on', async () => {
  await using scene = new Scene("big: () => 'x'.repeat(2e6)")
  expect(await scene.outcome('big')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('larger than 1048576 bytes') })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})

test('the limit counts bytes, not characters', async () => {
  await using scene = new Scene("big: () => '€'.repeat(5e5)")
  expect(await scene.outcome('big')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('larger than') })
  await scene.expectAlive()
})
