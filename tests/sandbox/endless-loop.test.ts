import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('an endless loop is cut at its time limit and the module answers again', async () => {
  await using scene = new Scene('loop: () => { for (;;); }')
  expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-timeout' })
  expect(scene.deaths).toEqual(['timeout'])
  await scene.expectAlive()
})
