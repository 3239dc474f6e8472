import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const busy = 'const end = Date.now() + 700; while (Date.now() < end);'

test('a job may take as long as jobs may, where a route may not', async () => {
  await using scene = new Scene(`sweep: () => { ${busy} return 'swept' }`, { jobs: `sweep: (input) => { ${busy} return input }`, limits: { callMs: 300, jobMs: 5000 } })
  expect(await scene.outcomeAt('job:sweep', 'swept')).toEqual({ value: 'swept' })
  expect(await scene.outcome('sweep')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})

test('a job that does not end is ended at its own limit', async () => {
  await using scene = new Scene('', { jobs: 'loop: () => { for (;;); }, never: () => new Promise(() => {})', limits: { callMs: 200, jobMs: 1000 } })
  for (const job of ['loop', 'never']) expect(await scene.outcomeAt(`job:${job}`)).toMatchObject({ code: 'plugin-timeout', message: expect.stringContaining(job) })
  expect(scene.deaths).toEqual(['timeout', 'timeout'])
  await scene.expectAlive()
})

test('the time the host takes counts for a job no earlier than twice its own', async () => {
  await using scene = new Scene('ask: (_, { db }) => db.incident.count()', {
    jobs: 'ask: (_, { db }) => db.incident.count()',
    limits: { callMs: 100, wallMs: 300, jobMs: 1000 },
    hostCalls: { 'db.count': { schema: {}, handle: () => new Promise((resolve) => setTimeout(() => resolve(7), 900)) } },
  })
  expect(await scene.outcomeAt('job:ask')).toEqual({ value: 7 })
  expect(await scene.outcome('ask')).toMatchObject({ code: 'plugin-timeout' })
  expect(scene.deaths).toEqual([])
})

test('the jobs of a module are listed, and only those are there', async () => {
  await using scene = new Scene('', { jobs: 'nightly() {}, weekly: async () => {}' })
  expect((await scene.sandbox.check()).jobs).toEqual(['nightly', 'weekly'])
  for (const site of ['job:ping', 'job:__proto__', 'job:constructor', 'job:']) expect(await scene.outcomeAt(site)).toMatchObject({ code: 'plugin-failed' })
})
