import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a rejection with the words of a time-out or of a full memory ends nothing', async () => {
  await using scene = new Scene(`lose: (text) => { Promise.reject(new Error(text)); return 'fine' }`)
  for (const text of ['Script execution timed out.', 'Isolate was disposed during execution due to memory limit', 'Isolate is disposed', 'FATAL ERROR: heap out of memory']) {
    expect(await scene.outcome('lose', text)).toEqual({ value: 'fine' })
  }
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
