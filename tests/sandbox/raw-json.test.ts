import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('numbers only JSON.rawJSON can write do not become Infinity in the host', async () => {
  const asked: unknown[] = []
  await using scene = new Scene("answer: (text) => [JSON.rawJSON(text)], ask: (text, { db }) => db.incident.count({ n: JSON.rawJSON(text) })", {
    hostCalls: { 'db.count': { schema: {}, handle: async (args) => (asked.push(args), null) } },
  })
  for (const text of ['1e400', '-1e400', `${'9'.repeat(400)}`]) {
    for (const route of ['answer', 'ask']) expect(await scene.outcome(route, text)).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('out of range') })
  }
  expect(asked).toEqual([])
  expect(await scene.outcome('answer', '1e-400')).toEqual({ value: [0] })
  await scene.expectAlive()
})
