import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModuleDetail, Plan } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { startChild } from '../setup/child.ts'
import { overlayOf } from '../setup/overlays.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addUser } from '../setup/users.ts'
import type { KillOrder } from './killable-host.ts'

const [id, source] = ['hse-bench', 'tests/fixtures/hse-bench']
const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck' }

let platform: TestPlatform
let admin: ApiClient
beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  expect(await admin.change({ action: 'install', id, fileId: await upload('1.0.1') })).toMatchObject({ state: 'succeeded' })
  for (let n = 0; n < 3; n++) await admin.post(`/api/${id}/incident`, incident)
}, 120_000)
afterAll(() => platform?.stop())

async function upload(version: string, after?: string): Promise<string> {
  const overlay = await overlayOf(platform.parts.home, source, version, after === undefined ? {} : {
    'migrations/0002-note.up.sql': () => 'alter table incident add column note text',
    'migrations/0002-note.down.sql': () => 'drop index if exists incident_note; alter table incident drop column note',
    'migrations/0002-note.after.sql': () => after,
  })
  return (await admin.send<{ fileId: string }>('POST', '/api/modules/files', await readFile(await platform.parts.registry.build({ folder: source, overlay })))).fileId
}
const rowsOf = async (text: string): Promise<unknown[]> => (await platform.parts.database.database.admin.query(text)).rows
const left = async (): Promise<ModuleDetail['afterSteps']> => (await admin.get<ModuleDetail>(`/api/modules/${id}`)).afterSteps
const index = (): Promise<unknown[]> => rowsOf("select indisvalid as valid from pg_index where indexrelid = to_regclass('p_hse_bench.incident_note')")
const making = (): Promise<unknown[]> => rowsOf("select pid from pg_stat_activity where state = 'active' and query like 'create index concurrently%' and datname = current_database()")

test('what a change leaves to be done is planned, runs once the release serves, and is gone with a roll-back', async () => {
  const fileId = await upload('1.0.2', "update incident set note = lower(site) where id in (select id from incident where note is null limit 2);\ncreate index concurrently incident_note on incident (tenant_id, note, id);")
  expect(await admin.post<Plan>('/api/modules/plans', { action: 'update', id, fileId })).toMatchObject({ afterSteps: 2, wayBack: { kind: 'lossless' } })
  expect(await admin.change({ action: 'update', id, fileId })).toMatchObject({ state: 'succeeded' })
  await expect.poll(left, { timeout: 20_000 }).toBeUndefined()
  expect(await index()).toEqual([{ valid: true }])
  expect(await rowsOf('select distinct note from p_hse_bench.incident')).toEqual([{ note: 'platform 1' }])
  expect(await admin.change({ action: 'rollback', id })).toMatchObject({ state: 'succeeded' })
  expect([await index(), await rowsOf('select * from opsflux.after_step')]).toEqual([[], []])
}, 60_000)

describe('a step that does not work', () => {
  test('is shown with its reason on a module that works, and tried again on demand', async () => {
    const fileId = await upload('1.0.3', 'create unique index concurrently incident_note on incident (tenant_id, site)')
    expect(await admin.change({ action: 'update', id, fileId })).toMatchObject({ state: 'succeeded' })
    await expect.poll(left, { timeout: 20_000 }).toMatchObject([{ migration: '0002-note', problem: 'could not create unique index "incident_note"' }])
    await admin.post(`/api/${id}/incident`, { ...incident, site: 'Platform 2' })
    await rowsOf("update opsflux.after_step set state = 'failed'")
    expect(await left()).toMatchObject([{ state: 'failed', statement: 'create unique index concurrently incident_note on incident (tenant_id, site)' }])
    await rowsOf('update p_hse_bench.incident set site = id::text')
    await admin.post(`/api/modules/${id}/after-steps/retry`)
    await expect.poll(left, { timeout: 20_000 }).toBeUndefined()
    expect(await index()).toEqual([{ valid: true }])
    expect(await admin.change({ action: 'rollback', id })).toMatchObject({ state: 'succeeded' })
  }, 60_000)

  test('is tried again by nobody but who manages modules', async () => {
    await addUser(platform.parts.database.database.admin, { email: 'member@opsflux.local', role: 'user' })
    const member = await ApiClient.signIn(platform.host.url, 'member@opsflux.local', password)
    expect(await codeOf(member.post(`/api/modules/${id}/after-steps/retry`))).toBe('forbidden')
    expect(await codeOf(new ApiClient(platform.host.url).post(`/api/modules/${id}/after-steps/retry`))).toBe('not-signed-in')
    expect(await codeOf(admin.post('/api/modules/no-such-module/after-steps/retry'))).toBe('not-found')
  })
})

/** An index is not whole before every transaction that began earlier has ended. */
async function openSnapshot(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: platform.parts.config.databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select 1')
  return client
}

test('kill -9 of the host while an index is made: the next start makes it whole', async () => {
  const fileId = await upload('1.0.4', 'create index concurrently incident_note on incident (tenant_id, note, id)')
  await platform.restart(async () => {
    const child = await startChild('tests/modules/killable-host.ts', {})
    const snapshot = await openSnapshot()
    try {
      const serving = once(child.process, 'message') as Promise<[{ url: string }]>
      child.process.send({ config: platform.parts.config, killAt: 'never' } satisfies KillOrder)
      const client = new ApiClient((await serving)[0].url)
      client.cookie = admin.cookie
      expect(await client.change({ action: 'update', id, fileId })).toMatchObject({ state: 'succeeded' })
      await expect.poll(index, { timeout: 20_000 }).toEqual([{ valid: false }])
    } finally {
      await child.stop('SIGKILL')
    }
    await expect.poll(making, { timeout: 20_000 }).toEqual([])
    await snapshot.end()
    expect(await index()).toEqual([{ valid: false }])
    expect(await rowsOf('select state, attempts from opsflux.after_step')).toEqual([{ state: 'running', attempts: 1 }])
  })
  admin = await platform.signIn()
  await expect.poll(left, { timeout: 20_000 }).toBeUndefined()
  expect(await index()).toEqual([{ valid: true }])
}, 60_000)
