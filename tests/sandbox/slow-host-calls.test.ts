import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a call that waits for the host for ever is ended by its whole time, and its late answer finds nobody', async () => {
  let release = (): void => {}
  let begun = 0
  const held = new Promise<number>((resolve) => (release = () => resolve(1)))
  await using scene = new Scene(
    'ask: (_, { db }) => Promise.all([db.incident.count(), db.incident.count(), db.incident.count()]).then((all) => { globalThis.late = true; return all }), late: () => globalThis.late === true',
    { limits: { wallMs: 400 }, hostCalls: { 'db.count': { schema: {}, handle: () => (begun++, held) } } },
  )
  const asked = scene.outcome('ask')
  // The host call that runs holds the call's transaction: the call is answered when it is done, and those behind it never begin.
  setTimeout(release, 900)
  expect(await asked).toMatchObject({ code: 'plugin-timeout' })
  expect(begun).toBe(1)
  expect(await scene.outcome('late')).toEqual({ value: false })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
