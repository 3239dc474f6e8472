import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

const prelude = `
let leaks = []
Error.prepareStackTrace = (error, sites) => {
  for (const site of sites) for (const thing of [site.getThis(), site.getFunction(), site.getEvalOrigin && site.getEvalOrigin()]) if (typeof thing === 'function' || (typeof thing === 'object' && thing)) leaks.push(String(thing).slice(0, 80))
  return sites.map((site) => site.getFileName()).join()
}`

test('call sites show no function and no object of the bridge', async () => {
  await using scene = new Scene('look: async (_, { db }) => { leaks = []; try { await db.incident.count() } catch (error) { void error.stack } db.incident.count(1n).catch((error) => error.stack); return leaks }', {
    prelude,
    hostCalls: { 'db.count': { ...echoHostCall, handle: () => Promise.reject(new Error('no')) } },
  })
  expect(await scene.outcome('look')).toEqual({ value: [] })
})

test('no stack and no path of the host reaches the caller or the module', async () => {
  await using scene = new Scene(
    'own: () => { throw new Error("mine") }, theirs: async (_, { db }) => { try { await db.incident.count() } catch (error) { return [error.code, error.message, String(error.stack), Reflect.ownKeys(error).join()] } }',
    { hostCalls: { 'db.count': { ...echoHostCall, handle: () => Promise.reject(new Error('relation p_acme.incident does not exist at /srv/opsflux')) } } },
  )
  expect(await scene.outcome('own')).toEqual({ code: 'plugin-failed', message: 'own of acme-attacker failed: mine', data: { plugin: 'acme-attacker', site: 'route:own' } })
  const outcome = JSON.stringify(await scene.outcome('theirs'))
  expect(outcome).toContain('internal')
  expect(outcome).not.toMatch(/relation|srv|node:|plugin-sandbox|file:/)
})
