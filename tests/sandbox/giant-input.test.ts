import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('an input over the message limit never reaches the module', async () => {
  await using scene = new Scene('echo: (input) => input')
  expect(await scene.outcome('echo', 'x'.repeat(2e6))).toMatchObject({ code: 'payload-too-large' })
  await scene.expectAlive()
})
