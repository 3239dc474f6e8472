import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiClient } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { TestPlatform } from '../setup/platform.ts'

const source = 'tests/fixtures/hse-bench'
const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck' }

let platform: TestPlatform
let admin: ApiClient
beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  const overlay = await overlayOf(platform.parts.home, source, '1.0.1', {
    // Half a second of PostgreSQL's work at each write.
    'migrations/0001-init.up.sql': (sql) => sql.replace('description text not null', "description text not null check (mod(16::numeric ^ (100000 + length(description)), 7::numeric ^ 60000) >= 0)"),
  })
  const { fileId } = await admin.send<{ fileId: string }>('POST', '/api/modules/files', await readFile(await platform.parts.registry.build({ folder: source, overlay })))
  expect(await admin.change({ action: 'install', id: 'hse-bench', fileId })).toMatchObject({ state: 'succeeded' })
}, 120_000)
afterAll(() => platform?.stop())

test('a module whose tables are slow to write leaves connections to the others', async () => {
  let written = 0
  const writes = Array.from({ length: 25 }, () => admin.post('/api/hse-bench/incident', incident).then(() => undefined, () => undefined).finally(() => { written++ }))
  const busy = async (): Promise<number> => (await platform.parts.database.database.admin.query<{ count: number }>("select count(*)::integer from pg_stat_activity where datname = current_database() and state = 'active' and query ilike 'insert%incident%'")).rows[0]?.count ?? 0
  const before = written
  while ((await busy()) < 8) expect(written).toBe(before)
  await admin.get('/api/hse-reports/incident')
  expect(written).toBe(before)
  await Promise.all(writes)
}, 120_000)
