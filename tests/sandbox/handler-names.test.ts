import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

test('sites a module never exported find no handler, whatever every object has', async () => {
  await using scene = new Scene('own: () => 1', { hooks: 'incident: { beforeCreate: (record) => record }' })
  for (const site of ['route:toString', 'route:constructor', 'route:__proto__', 'route:hasOwnProperty', 'hook:incident.toString', 'hook:toString.call', 'hook:__proto__.toString', 'hook:incident', 'route:', '', 'own', '__proto__', 'job:own']) {
    await expect(scene.sandbox.call(site, null, callInfo, { name: 'tester' })).rejects.toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('no handler') })
  }
  expect(await scene.outcome('own')).toEqual({ value: 1 })
  await scene.expectAlive()
})

test('names of handlers are listed as data, and those that would steer the host refused', async () => {
  await using good = new Scene("constructor: () => 1, 'toString': () => 2, 'a\\nb': () => 3, then: () => 4")
  expect((await good.sandbox.check()).routes).toEqual(['ping', 'constructor', 'toString', 'a\nb', 'then'])
  expect(await good.outcome('toString')).toEqual({ value: 2 })
  expect(await good.outcome('then')).toEqual({ value: 4 })
  await using bad = new Scene('', { hooks: "['__proto__']: { beforeCreate: () => 1 }" })
  await expect(bad.sandbox.check()).rejects.toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('cannot be read') })
})

test('hooks of another plugin\'s entity and of a field are called by the names they are declared with', async () => {
  await using scene = new Scene('', { hooks: "'hse-reports/incident': { 'beforeChange.riskLevel': ({ to }) => ({ note: to }) }" })
  expect((await scene.sandbox.check()).hooks).toEqual({ 'hse-reports/incident': ['beforeChange.riskLevel'] })
  expect(await scene.sandbox.call('hook:hse-reports/incident.beforeChange.riskLevel', { to: 3 }, callInfo, { name: 'tester' })).toEqual({ note: 3 })
})
