import { expect, test, vi } from 'vitest'
import type { PluginSandboxOptions } from './options.ts'
import { PluginSandbox } from './plugin-sandbox.ts'

const info = { user: { id: 'user-1', locale: 'fr' }, tenant: { id: 'tenant-1' }, now: '2026-01-02T03:04:05Z', granted: ['users.read'] as const }
const source = `
let calls = 0
const server = {
  hooks: { incident: {
    async beforeCreate(input, { db, user, tenant, now, can }) {
      const absent = await db.incident.findOne('none')
      return { ...input, title: input.title.trim(), by: user.id, in: tenant.id, at: now, locale: user.locale, can: can('users.read'), absent: absent === undefined, open: await db.incident.count({ state: 'open' }) }
    },
    beforeDelete() {},
  } },
  routes: { calls: () => ++calls },
}
export default server`

function make(options: Partial<PluginSandboxOptions<string>> = {}): PluginSandbox<string> {
  const hostCalls = new Map([
    ['db.findOne', { schema: { type: 'object' }, handle: async () => undefined }],
    ['db.count', { schema: { type: 'object' }, handle: async (_args: unknown, context: string) => context.length }],
  ])
  return new PluginSandbox({ pluginId: 'acme-notes', version: '1.0.0', source, entities: ['incident'], hostCalls, ...options })
}

test('a hook gets its input and its context, asks the host and answers', async () => {
  const sandbox = make()
  expect(sandbox.state).toBe('idle')
  const answer = await sandbox.call('hook:incident.beforeCreate', { title: ' Spill ' }, info, 'transaction')
  expect(answer).toEqual({ title: 'Spill', by: 'user-1', in: 'tenant-1', at: info.now, locale: 'fr', can: true, absent: true, open: 11 })
  expect(await sandbox.call('hook:incident.beforeDelete', {}, info, '')).toBeNull()
  expect(sandbox.state).toBe('running')
  await sandbox.stop()
})

test('check starts the module and lists its handlers', async () => {
  const sandbox = make()
  expect(await sandbox.check()).toEqual({ hooks: { incident: ['beforeCreate', 'beforeDelete'] }, routes: ['calls'], jobs: [] })
  await sandbox.stop()
})

test('a module without handlers of its own kind says so', async () => {
  for (const [text, message] of [['export const server = 1', 'default'], ['export default []', 'not an object'], ['export default { routes: { a: 5 } }', 'route:a is not a function']]) {
    const sandbox = make({ source: text ?? '' })
    await expect(sandbox.check()).rejects.toMatchObject({ code: 'plugin-failed', message: expect.stringContaining(message ?? '') })
    await sandbox.stop()
  }
})

test('a site the module does not handle fails, prototypes included', async () => {
  const sandbox = make()
  for (const site of ['route:nothing', 'hook:incident.constructor', '__proto__', 'toString']) await expect(sandbox.call(site, null, info, '')).rejects.toMatchObject({ code: 'plugin-failed' })
  await sandbox.stop()
})

test('without calls the child is ended, and the next call starts another', async () => {
  const sandbox = make({ limits: { idleMs: 100 } })
  expect(await sandbox.call('route:calls', null, info, '')).toBe(1)
  await vi.waitFor(() => expect(sandbox.state).toBe('idle'), { timeout: 10_000 })
  expect(await sandbox.call('route:calls', null, info, '')).toBe(1)
  await sandbox.stop()
})

test('stopped, it refuses calls in flight and later ones until it is started again', async () => {
  const sandbox = make()
  const first = sandbox.call('route:calls', null, info, '')
  await Promise.all([expect(first).rejects.toMatchObject({ code: 'plugin-stopped' }), sandbox.stop()])
  await expect(sandbox.call('route:calls', null, info, '')).rejects.toMatchObject({ code: 'plugin-stopped' })
  sandbox.restart()
  expect(await sandbox.call('route:calls', null, info, '')).toBe(1)
  await sandbox.stop()
})

test('what a call does is over when it settles: no host call of it runs on', async () => {
  let running = 0
  const handle = async (): Promise<number> => {
    running += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
    running -= 1
    return 1
  }
  const sandbox = make({ source: 'export default { routes: { leave: (_, { db }) => { db.incident.count(); return 1 }, fail: (_, { db }) => { db.incident.count(); throw new Error("no") } } }', hostCalls: new Map([['db.count', { schema: {}, handle }]]) })
  expect(await sandbox.call('route:leave', null, info, '')).toBe(1)
  expect(running).toBe(0)
  await expect(sandbox.call('route:fail', null, info, '')).rejects.toMatchObject({ code: 'plugin-failed' })
  expect(running).toBe(0)
  await sandbox.stop()
})
