import { expect, test } from 'vitest'
import { sandboxStatus } from './start-child.ts'

test('what keeps plugins in on this host is known without starting one', async () => {
  const { applied, missing } = await sandboxStatus()
  expect(applied).toEqual(expect.arrayContaining(['separate process', 'empty environment', 'Node permissions']))
  expect([...applied, ...missing].toSorted()).toEqual([
    'Node permissions', 'empty environment', 'ends with the host', 'memory seen by the host', 'no core dumps', 'no network', 'no new privileges', 'no shared memory',
    'no sight of others', 'no signals to others', 'resource limits', 'separate process', 'user of its own',
  ])
  // A copy: whoever asks may keep and change it.
  applied.length = 0
  expect((await sandboxStatus()).applied).not.toEqual([])
})
