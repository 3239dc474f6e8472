import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('text evaluated as code stays inside the isolate', async () => {
  await using scene = new Scene("run: (text) => [(0, eval)(text), Function('return ' + text)()]")
  expect(await scene.outcome('run', 'typeof process + typeof require + typeof this')).toEqual({ value: ['undefinedundefinedobject', 'undefinedundefinedobject'] })
  await scene.expectAlive()
})
