import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../database/database.ts'
import type { Database } from '../database/database.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, incidents, installationOf, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'

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

  it('installs, measures, updates, restores and purges a plugin', async () => {
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
    await schemas.purge(pluginId, await schemas.stage(pluginId, { installation: null, migrations: [] }))
    expect(await schemas.tables(pluginId)).toEqual([])
  })

  it('can open the database again', async () => {
    const again = await openDatabase({ adminUrl: database.adminUrl, secret: test.secret })
    await again.close()
  })
})
