import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

// One time of a call, a quarter of another, two starts and the time between two: on a machine that does nothing else, 2.5 s at the usual 1.5 s a call.
const promisedMs = 2500

/** Calls the routes all at once and says how each ended, and when. */
async function allAtOnce(scene: Scene, routes: readonly string[]): Promise<{ outcome: unknown; ms: number }[]> {
  const begun = performance.now()
  return await Promise.all(routes.map(async (route) => {
    const outcome = await scene.sandbox.call(`route:${route}`, null, callInfo, { name: 'tester' }).catch((error: { code: string }) => error.code)
    return { outcome, ms: performance.now() - begun }
  }))
}

for (const [name, callsInFlight] of [['in flight', 32], ['waiting for a place', 2]] as const) {
  test(`eight calls that run away at once, ${name}, all have their answer in the time promised for one`, { retry: 2 }, async () => {
    await using scene = new Scene('loop: () => { for (;;); }', { limits: { callMs: 1500, callsInFlight } })
    await scene.expectAliveAlone()
    const ends = await allAtOnce(scene, Array<string>(8).fill('loop'))
    for (const { outcome, ms } of ends) {
      expect(outcome).toMatch(/^plugin-(timeout|failed)$/)
      expect(ms).toBeLessThan(promisedMs)
    }
    expect(ends.filter(({ outcome }) => outcome === 'plugin-timeout').length).toBeGreaterThan(0)
    await scene.expectAliveAlone()
  })
}

test('a call beside one of its own site that ran away is run once more, and answers', async () => {
  await using scene = new Scene('maybe: (input) => { if (input === "loop") for (;;); return input }', { limits: { callMs: 500 } })
  await scene.expectAliveAlone()
  const call = (input: string): Promise<unknown> => scene.sandbox.call('route:maybe', input, callInfo, { name: 'tester' }).catch((error: { code: string }) => error.code)
  expect(await Promise.all(['loop', 'one', 'two', 'three'].map(call))).toEqual(['plugin-timeout', 'one', 'two', 'three'])
  expect(scene.deaths).toEqual(['timeout'])
})

test('a slow call is not taken for one that runs away: only what was there when its site did is ended sooner', async () => {
  const slow = 'const until = Date.now() + 400; while (Date.now() < until);'
  await using scene = new Scene(`maybe: (input) => { if (input === "loop") for (;;); ${slow} return input }, other: () => { ${slow} return 'other' }`, { limits: { callMs: 900 } })
  await scene.expectAliveAlone()
  const [loop, other] = await Promise.all([scene.outcome('maybe', 'loop'), scene.outcome('other')])
  expect([loop, other]).toMatchObject([{ code: 'plugin-timeout' }, { value: 'other' }])
  expect(await scene.outcome('maybe', 'later')).toEqual({ value: 'later' })
  expect(scene.deaths).toEqual(['timeout'])
})
