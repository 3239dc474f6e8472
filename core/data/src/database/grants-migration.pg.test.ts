import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { testDatabase } from '../testing.ts'
import { openDatabase } from './database.ts'
import { platformMigrations, runKernelMigrations } from './kernel-migrations.ts'
test('grants written as names are grants afterwards, and so are those of restore points', async () => {
  await using cluster = await testDatabase()
  const name = `old_${randomUUID().replaceAll('-', '')}`
  await cluster.database.admin.query(`create database ${name}`)
  const url = new URL(cluster.adminUrl)
  url.pathname = `/${name}`
  const admin = new pg.Pool({ connectionString: url.href, max: 2 })
  try {
    await runKernelMigrations(admin, platformMigrations().slice(0, 1))
    const installation = "insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, granted, changed_by) values ($1, '1.0.0', 'd', 'registry', 'active', '{}', $2, 'system')"
    await admin.query(installation, ['none-granted', []])
    await admin.query(installation, ['one-granted', ['users.read']])
    await admin.query("insert into opsflux.restore_point (id, plugin_id, version, digest, manifest, granted, migrations, structure, rows) values (gen_random_uuid(), 'one-granted', '0.9.0', 'd', '{}', '{users.read}', '[]', '{}', 0)")
    await (await openDatabase({ adminUrl: url.href, secret: cluster.secret })).close()
    expect((await admin.query('select plugin_id, granted from opsflux.installation order by plugin_id')).rows).toEqual([
      { plugin_id: 'none-granted', granted: [] }, { plugin_id: 'one-granted', granted: [{ name: 'users.read' }] },
    ])
    expect((await admin.query('select granted from opsflux.restore_point')).rows).toEqual([{ granted: [{ name: 'users.read' }] }])
    expect((await admin.query("select count(*)::integer from pg_proc where proname = 'grants_of_names'")).rows).toEqual([{ count: 0 }])
    await expect(admin.query("update opsflux.installation set granted = '{}'")).rejects.toThrow('installation_granted_is_list')
  } finally {
    await admin.end()
    await cluster.database.admin.query(`drop database ${name} with (force)`)
  }
})
