import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a rejection nobody handles is reported and costs no other call', async () => {
  await using scene = new Scene("lose: () => { Promise.reject(new Error('lost')); return 'fine' }, weird: () => { Promise.reject(new Proxy({}, { get() { throw 1 } })); return 'fine' }")
  expect(await scene.outcome('lose')).toEqual({ value: 'fine' })
  expect(await scene.outcome('weird')).toEqual({ value: 'fine' })
  expect(scene.events).toContainEqual({ type: 'unhandled-rejection', message: 'lost' })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
