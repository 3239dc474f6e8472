import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

test('a module that dies at every start costs three children, and everybody who waits is answered', async () => {
  await using scene = new Scene('', { prelude: 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))' })
  await scene.outcome('ping')
  const callers = Array.from({ length: 100 }, () => scene.sandbox.call('route:ping', null, callInfo, { name: 'tester' }).catch((error: { code: string }) => error.code))
  for (const answer of await Promise.all(callers)) expect(answer).toMatch(/^plugin-(failed|stopped|timeout)$/)
  while (scene.sandbox.state !== 'stopped') await scene.outcome('ping')
  expect(scene.events.filter((event) => event.type === 'hardening').length).toBeLessThanOrEqual(3)
  expect(scene.deaths).toHaveLength(3)
  expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-stopped' })
})

test('a module that works between its deaths is stopped all the same', async () => {
  await using scene = new Scene("die: () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)) }")
  for (let death = 0; death < 3; death++) {
    await scene.outcome('die')
    if (death < 2) for (let good = 0; good < 5; good++) expect(await scene.outcome('ping')).toEqual({ value: 'pong' })
  }
  expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-stopped' })
  scene.sandbox.restart()
  await scene.expectAlive()
})
