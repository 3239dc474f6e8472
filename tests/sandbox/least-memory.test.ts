import { limitTable } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('with the least memory a plugin can be given, one child serves call after call', async () => {
  await using scene = new Scene('work: (n) => Array.from({ length: 5000 }, (_, i) => i * n).reduce((a, b) => a + b)', { limits: { memoryMb: limitTable.memoryMb.least } })
  for (let call = 0; call < 30; call++) {
    expect(await scene.outcome('work', call)).toEqual({ value: 12_497_500 * call })
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  expect(scene.events.filter((event) => event.type === 'started')).toHaveLength(1)
  expect(scene.deaths).toEqual([])
})
