import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a long line is cut, and after the last allowed line one more says so', async () => {
  await using scene = new Scene("log: (_, { log }) => { log.info('x'.repeat(5e6)); for (let i = 0; i < 1e5; i++) log.warn(i) }")
  expect(await scene.outcome('log')).toEqual({ value: null })
  expect(scene.log).toHaveLength(51)
  expect(scene.log[0]).toHaveLength(2000)
  expect(scene.log.at(-1)).toBe('The other log lines of this call were left out.')
  await scene.expectAlive()
})
