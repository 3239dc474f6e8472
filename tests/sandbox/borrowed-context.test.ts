import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'
import type { Caller } from './scene.ts'

// Calls of all tenants share the module's memory: the module is one publisher's code, and what it remembers it may say anywhere.
// What is promised is that the host never mixes them up: a context acts for the call it was made for, and for no other.
test('a context lent to another tenant\'s call acts for the tenant it was made for', async () => {
  const served: string[] = []
  let release = (): void => {}
  const held = new Promise<null>((resolve) => (release = () => resolve(null)))
  await using scene = new Scene(
    "lend: async (_, context) => { globalThis.lent = context; await context.db.incident.find(); return context.tenant.id }, borrow: async (_, { db, tenant }) => { lent.log.info('by another'); const theirs = lent.db.incident.count(); const mine = await db.incident.count(); return [tenant.id, lent.tenant.id, mine, await Promise.race([theirs, 'not before theirs'])] }",
    {
      hostCalls: {
        'db.find': { schema: {}, handle: () => held },
        'db.count': { schema: {}, handle: async (_args, caller: Caller) => (served.push(caller.name), caller.name) },
      },
    },
  )
  const lending = scene.sandbox.call('route:lend', null, { ...callInfo, tenant: { id: 'tenant-a' } }, { name: 'a' })
  const borrowed = await scene.outcome('borrow', null, { tenant: { id: 'tenant-b' } }, { name: 'b' })
  expect(borrowed).toEqual({ value: ['tenant-b', 'tenant-a', 'b', 'not before theirs'] })
  release()
  expect(await lending).toBe('tenant-a')
  expect(served.filter((name) => name === 'b')).toHaveLength(1)
  expect(scene.events.find((event) => event.type === 'log')).toMatchObject({ tenant: 'tenant-a', site: 'route:lend' })
  await scene.expectAlive()
})
