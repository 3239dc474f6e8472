import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a promise that never settles ends its call at the limit', async () => {
  await using scene = new Scene('wait: () => new Promise(() => {})')
  expect(await scene.outcome('wait')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})
