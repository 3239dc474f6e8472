import { randomUUID } from 'node:crypto'
import type { ModuleDetail, Session } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { TenantScene, type Person } from './scene.ts'

let scene: TenantScene
beforeAll(async () => { scene = await TenantScene.start() }, 120_000)
afterAll(() => scene?.stop())

const id = 'hse-guarded'
const pool = () => scene.platform.parts.database.database.admin

function clientOf({ cookie }: Pick<Person, 'cookie'>): ApiClient {
  const client = new ApiClient(scene.platform.host.url)
  client.cookie = cookie
  return client
}

/** Somebody of tenant A with a role of this permission, in all of it or in one of its companies. */
async function holderOf(permission: string, isAtPlace = false): Promise<ApiClient> {
  const admin = clientOf(scene.a)
  const person = await scene.person(scene.a.tenantId, 'guest')
  const role = await admin.post<{ id: string }>('/api/roles', { name: `Role ${randomUUID()}`, permissions: [permission], inherits: [] })
  const place = isAtPlace ? { company: (await admin.post<{ id: string }>('/api/companies', { name: `Company ${randomUUID()}` })).id } : {}
  await admin.post(`/api/users/${person.id}/memberships`, { role: role.id, ...place })
  return clientOf(person)
}

describe('the session says whose module\'s fields its user may manage', () => {
  const managed = async (client: ApiClient): Promise<string[]> => (await client.get<Session>('/api/session')).plugins.filter(({ managesFields }) => managesFields).map((plugin) => plugin.id)

  test('of modules whose records take fields, to who manages all of their records or the modules', async () => {
    expect(await managed(clientOf(scene.a))).toEqual([id, 'hse-notes'])
    expect(await managed(await holderOf(`${id}.manage.all`))).toEqual([id])
    expect(await managed(await holderOf('modules.manage.all'))).toEqual([id, 'hse-notes'])
  })

  test('and to nobody else, as the page would refuse them', async () => {
    for (const holder of [await holderOf(`${id}.edit.all`), await holderOf(`${id}.manage.company`), await holderOf(`${id}.manage.all`, true)]) {
      expect(await managed(holder)).toEqual([])
      expect(await codeOf(holder.get(`/api/custom-fields?module=${id}&deleted=true`))).toBe('forbidden')
    }
  })
})

describe('changes that hooks were given up on', () => {
  const until = '2026-03-01T08:00:00.000Z'
  const parked = async (person: Person): Promise<ModuleDetail['parkedChanges']> => (await clientOf(person).get<ModuleDetail>(`/api/modules/${id}`)).parkedChanges
  const settle = (client: ApiClient, work: string, body: unknown = { until }, of = id): Promise<ModuleDetail> => client.post(`/api/modules/${of}/parked-changes/${work}`, body)

  test.each(['retry', 'forget'])('are for who manages modules: %s', async (work) => {
    expect(await codeOf(settle(new ApiClient(scene.platform.host.url), work))).toBe('not-signed-in')
    expect(await codeOf(settle(await holderOf(`${id}.manage.all`), work))).toBe('forbidden')
    expect(await codeOf(settle(clientOf(scene.a), work, { until }, 'no-such-module'))).toBe('not-found')
    for (const body of [{}, { until: 'now' }, { until: '2026-13-01T08:00:00.000Z' }, { until: '2026-03-01T25:00:00.000Z' }, { until: 1 }, { until, more: true }]) expect(await codeOf(settle(clientOf(scene.a), work, body)), JSON.stringify(body)).toBe('validation-failed')
    // A day that month does not have is the one after it.
    expect(await codeOf(settle(clientOf(scene.a), work, { until: '2026-02-31T08:00:00.000Z' }))).toBeUndefined()
  })

  test('are shown to the organisation whose records they are of, and forgotten by it alone', async () => {
    for (const { tenantId } of [scene.a, scene.b]) {
      await pool().query(
        `insert into opsflux.outbox (tenant_id, plugin_id, entity, record_id, action, revision, user_id, at, payload, attempts, problem, told_at, done, parked_at)
         values ($1, $2, 'task', $3, 'update', 1, $3, now(), '{}', 5, $4, now(), '{}', $5)`, [tenantId, id, randomUUID(), 'hse-notes:afterUpdate: Not today.', until])
    }
    expect(await parked(scene.a)).toEqual({ count: 1, latest: [{ entity: 'task', recordId: expect.any(String), action: 'update', plugin: 'hse-notes', problem: 'Not today.', since: until }] })
    expect(await settle(clientOf(scene.a), 'forget')).not.toHaveProperty('parkedChanges')
    expect(await parked(scene.b)).toMatchObject({ count: 1 })
    expect(await settle(clientOf(scene.b), 'retry')).not.toHaveProperty('parkedChanges')
  })
})
