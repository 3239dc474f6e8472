import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a regular expression that backtracks for ever is cut like any loop', async () => {
  await using scene = new Scene("match: () => /^(a+)+$/.test('a'.repeat(60) + 'b')")
  expect(await scene.outcome('match')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})
