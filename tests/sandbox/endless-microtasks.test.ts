import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('promises that chain for ever are cut', async () => {
  await using scene = new Scene('spin: async () => { for (;;) await 0 }')
  expect(await scene.outcome('spin')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})

test('a call that answers and then spins on is cut, not answered', async () => {
  await using scene = new Scene("spin: () => { (async () => { for (;;) await 0 })(); return 'done' }")
  expect(await scene.outcome('spin')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})
