import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import type { SignedIn } from '../identity/index.ts'
import type { PluginRelease } from '../modules/index.ts'
import { people, RecordScene, sites } from './test-fixture.ts'
import { useSight } from './use-sight.ts'

let scene: RecordScene
beforeAll(async () => { scene = await RecordScene.start() })
afterAll(() => scene?.test.close())

const { admin, reader, north, stranger, foreigner } = people
const enabled = new Set<string>()

function sees(actor: Actor, use: { id: string; field?: string; fileId?: string; pluginId?: string; entity?: string }): Promise<boolean> {
  const host = { use: async <T>(pluginId: string, work: (release: PluginRelease) => Promise<T>): Promise<T> => {
    if (pluginId === 'stopped') throw new OpsFluxError('plugin-stopped', 'It does not run.')
    if (pluginId !== 'test-incidents') throw new OpsFluxError('not-found', 'It is not installed.')
    return work({ entities: scene.release } as PluginRelease)
  } }
  const sight = useSight({ host, engine: scene.engine, actorFor: async () => actor, isEnabled: async (pluginId) => enabled.has(pluginId) })
  return sight({ tenantId: actor.tenantId } as SignedIn, { pluginId: 'test-incidents', entity: 'incident', fileId: randomUUID(), field: undefined, ...use })
}

test('whoever sees a record sees what is attached to it, and what its fields hold', async () => {
  enabled.add('test-incidents')
  const photo = await scene.file(admin)
  const id = await scene.incident({ photo })
  expect(await sees(reader, { id })).toBe(true)
  expect(await sees(reader, { id, field: 'photo', fileId: photo })).toBe(true)
  expect(await sees(reader, { id, field: 'photo' }), 'the field holds another file now').toBe(false)
  expect(await sees(reader, { id, field: 'site', fileId: sites.north }), 'a field he may not read').toBe(false)
  expect(await sees(admin, { id, field: 'site', fileId: sites.north })).toBe(true)
})

test('nobody else does: no right, another tenant, a module that is off, gone or stopped, a record in the bin', async () => {
  const id = await scene.incident()
  expect(await sees(stranger, { id })).toBe(false)
  expect(await sees(foreigner, { id })).toBe(false)
  expect(await sees(north, { id: randomUUID() })).toBe(false)
  for (const elsewhere of [{ entity: 'gone' }, { entity: 'plain' }, { pluginId: 'gone' }, { pluginId: 'stopped' }]) expect(await sees(admin, { id, ...elsewhere })).toBe(false)
  await scene.send(admin, 'DELETE', `incident/${id}`, undefined, { 'if-match': '"1"' })
  expect(await sees(admin, { id })).toBe(false)
  enabled.clear()
  expect(await sees(admin, { id: await scene.incident() })).toBe(false)
})
