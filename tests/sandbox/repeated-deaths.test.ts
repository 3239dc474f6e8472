import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('after three deaths the module is stopped, and says so, until it is started again', async () => {
  await using scene = new Scene('loop: () => { for (;;); }', { limits: { callMs: 100 } })
  for (let death = 0; death < 3; death++) expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-timeout' })
  expect(scene.sandbox.state).toBe('stopped')
  expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-stopped' })
  await expect(scene.sandbox.check()).rejects.toMatchObject({ code: 'plugin-stopped' })
  expect(scene.events).toContainEqual({ type: 'stopped', reason: expect.stringContaining('3 deaths') })
  scene.sandbox.restart()
  await scene.expectAlive()
})
