import { OpsFluxError } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'
import type { Caller } from './scene.ts'

test('an error of a host call, kept and thrown in another call, brings nothing of the first call with it', async () => {
  await using scene = new Scene("keep: (_, { db }) => db.incident.count().catch((error) => { globalThis.kept = error; return 'kept' }), rethrow: () => { throw kept }, both: async (_, { db }) => { await db.incident.count().catch(() => {}); throw kept }", {
    hostCalls: { 'db.count': { schema: {}, handle: (_args, caller: Caller) => Promise.reject(new OpsFluxError('forbidden', `Only ${caller.name} may know this.`, { data: { of: caller.name } })) } },
  })
  expect(await scene.outcome('keep', null, {}, { name: 'first' })).toEqual({ value: 'kept' })
  const alone = await scene.outcome('rethrow', null, {}, { name: 'second' })
  expect(alone).toMatchObject({ code: 'plugin-failed', data: { plugin: 'acme-attacker' } })
  expect(JSON.stringify(await scene.outcome('both', null, {}, { name: 'second' }))).not.toContain('"of":"first"')
  await scene.expectAlive()
})
