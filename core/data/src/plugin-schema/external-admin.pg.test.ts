import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../database/database.ts'
import type { Database } from '../database/database.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { AfterSteps } from './after-steps-runner.ts'
import { addIncidents, apply, incidents, installationOf, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'

/** An index is not whole before every transaction that began earlier has ended. */
async function openSnapshot(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select 1')
  return client
}

/** A managed PostgreSQL gives no superuser: CREATEROLE and CREATE on the database must do. */
describe('an administrator who is not superuser', () => {
  let test: TestDatabase
  let database: Database
  const suffix = randomBytes(4).toString('hex')
  const admin = `admin_${suffix}`
  const pluginId = `external-${suffix}`
  const name = `external_${suffix}`
  beforeAll(async () => {
    test = await testDatabase()
    await test.database.admin.query(`create role ${admin} login createrole password 'given'`)
    await test.database.admin.query(`create database ${name}`)
    await test.database.admin.query(`grant create, connect on database ${name} to ${admin}`)
    const url = new URL(test.adminUrl)
    Object.assign(url, { username: admin, password: 'given', pathname: `/${name}` })
    database = await openDatabase({ adminUrl: url.href, secret: test.secret })
  })
  afterAll(async () => {
    await database.close()
    await test.database.admin.query(`drop database ${name} with (force)`)
    await test.database.admin.query(`drop role p_external_${suffix}_owner`)
    await test.database.admin.query(`drop role ${admin}`)
    await test.close()
  })

  it('installs, measures, updates, restores and purges a plugin, and ends its steps', async () => {
    const schemas = new PluginSchemas(database)
    const schema = `p_external_${suffix}`
    const external = { ...test, database }
    const update = { pluginId, down: [], up: [incidents.actions] }
    await schemas.measure({ pluginId, down: [], up: [incidents.init] })
    await apply(schemas, { pluginId, down: [], up: [incidents.init] })
    await addIncidents(external, schema, ['One'])
    expect((await schemas.measure(update)).wayBack.kind).toBe('lossless')
    const point = await schemas.protect(pluginId, { version: '1.0.0', digest: 'd', manifest: {}, granted: [] })
    await apply(schemas, update, '1.1.0')
    await schemas.restore(point, await schemas.stage(pluginId, { installation: installationOf('1.0.0') }))
    expect(await titlesOf(external, schema)).toEqual(['One'])
    const after = [{ id: '0003-again', afterSql: 'create index concurrently incident_cause on incident (tenant_id, cause)' }]
    await apply(schemas, { pluginId, down: [], up: [{ ...incidents.actions, id: '0003-again' }], after }, '1.1.0')
    const snapshot = await openSnapshot(database.adminUrl)
    const host = new AfterSteps(database, { everySeconds: 0.05 })
    host.start()
    await expect.poll(async () => (await database.admin.query('select indisvalid from pg_index where indexrelid = to_regclass($1)', [`${schema}.incident_cause`])).rows, { timeout: 20_000 }).toEqual([{ indisvalid: false }])
    expect((await schemas.measure({ pluginId, down: [], up: [] })).wayBack.kind).toBe('lossless')
    await snapshot.end()
    await expect.poll(() => host.waiting(pluginId), { timeout: 20_000 }).toEqual([])
    await host.stop()
    await schemas.purge(pluginId, await schemas.stage(pluginId, { installation: null, migrations: [] }))
    expect(await schemas.tables(pluginId)).toEqual([])
  })

  it('can open the database again', async () => {
    const again = await openDatabase({ adminUrl: database.adminUrl, secret: test.secret })
    await again.close()
  })
})
