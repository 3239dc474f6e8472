import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a log line whose text writes log lines stays within the limit and costs no child', async () => {
  await using scene = new Scene(`write: (_, { log }) => {
    let depth = 0
    const line = { toString() { if (depth++ < 500) log.info(line); return 'line' } }
    log.warn(line)
    return depth
  }`)
  expect(await scene.outcome('write')).toEqual({ value: 501 })
  expect(scene.log).toHaveLength(51)
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
