import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { PluginSchemas } from '@opsflux/data'
import { testDatabase } from '@opsflux/data/testing'
import { fileMigrations } from '../files/index.ts'
import { recordMigrations } from './migrations.ts'

test('comments and uses of files go with the data of their module, and those of others stay', async () => {
  const opened = await testDatabase({ kernelMigrations: [...fileMigrations(), ...recordMigrations()] })
  const { admin } = opened.database
  const [tenantId, fileId] = [randomUUID(), randomUUID()]
  await admin.query("insert into opsflux.tenant (id, name) values ($1, 'A')", [tenantId])
  await admin.query("insert into opsflux.file (id, tenant_id, name, type, bytes, sha256, created_by) values ($1, $2, 'a.png', 'image/png', 9, repeat('a', 64), $1)", [fileId, tenantId])
  for (const pluginId of ['test-gone', 'test-stays']) {
    await admin.query("insert into opsflux.comment (id, tenant_id, plugin_id, entity, record_id, text, created_by) values (gen_random_uuid(), $1, $2, 'incident', $3, 'Hello', $3)", [tenantId, pluginId, fileId])
    await admin.query("insert into opsflux.file_use (tenant_id, file_id, plugin_id, entity, record_id, by) values ($1, $3, $2, 'incident', $3, $3)", [tenantId, pluginId, fileId])
  }
  // Twice: an interrupted purge is done again.
  for (let again = 0; again < 2; again++) await new PluginSchemas(opened.database).purge('test-gone')
  const { rows } = await admin.query('select plugin_id from opsflux.comment union all select plugin_id from opsflux.file_use')
  expect(rows).toEqual([{ plugin_id: 'test-stays' }, { plugin_id: 'test-stays' }])
  await opened.close()
})
