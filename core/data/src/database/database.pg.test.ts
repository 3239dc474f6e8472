import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { openDatabase } from './database.ts'
import { platformMigrations } from './kernel-migrations.ts'
import { sql } from './sql.ts'
import { ensureLoginRole, rolePassword, roleUrl } from './roles.ts'

describe('openDatabase', () => {
  let test: TestDatabase
  beforeAll(async () => {
    test = await testDatabase()
  })
  afterAll(() => test.close())

  it('runs requests as a role that owns nothing and bypasses nothing', async () => {
    const { rows } = await test.database.app.query(`
      select rolname as name, rolsuper as super, rolbypassrls as bypass,
        (select count(*)::integer from pg_class where relowner = r.oid) as owned
      from pg_roles r where rolname = current_user`)
    expect(rows).toEqual([{ name: 'opsflux_app', super: false, bypass: false, owned: 0 }])
  })

  it('sets tenant and user for the length of a transaction only', async () => {
    const actor = { tenantId: randomUUID(), userId: randomUUID() }
    const read = sql`select current_setting('opsflux.tenant'), current_setting('opsflux.user')`
    expect(await test.database.transaction(actor, (transaction) => transaction.texts(read))).toEqual([[actor.tenantId, actor.userId]])
    expect(await test.database.transaction(actor, (transaction) => transaction.many([read], { last: true }))).toEqual([[[actor.tenantId, actor.userId]]])
    for (let connection = 0; connection < 5; connection++) {
      const { rows } = await test.database.app.query("select nullif(current_setting('opsflux.tenant', true), '') as tenant")
      expect(rows).toEqual([{ tenant: null }])
    }
  })

  it('shows a tenant its own rows of the kernel tables only, and nothing without a tenant', async () => {
    const [mine, other] = [randomUUID(), randomUUID()]
    await test.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'Mine'), ($2, 'Other')", [mine, other])
    const seen = await test.database.transaction({ tenantId: mine, userId: randomUUID() }, (transaction) => transaction.texts(sql`select name from opsflux.tenant`))
    expect(seen).toEqual([['Mine']])
    await expect(test.database.app.query('select name from opsflux.tenant')).rejects.toThrow()
  })

  it('rolls back when the work throws', async () => {
    const actor = { tenantId: randomUUID(), userId: randomUUID() }
    await expect(test.database.transaction(actor, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('refuses a database whose applied migrations have another text', async () => {
    await using other = await testDatabase({ kernelMigrations: [{ id: '0002-notes', sql: 'create table opsflux.note (id uuid primary key)' }] })
    const { adminUrl, secret } = other
    await expect(openDatabase({ adminUrl, secret, kernelMigrations: [{ id: '0002-notes', sql: 'create table opsflux.note (id text)' }] }))
      .rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('0002-notes') })
  })

  it('makes an empty database ready for three hosts that start at once', async () => {
    const name = `fresh_${randomUUID().replaceAll('-', '')}`
    await test.database.admin.query(`create database ${name}`)
    const url = new URL(test.adminUrl)
    url.pathname = `/${name}`
    const opened = await Promise.all([1, 2, 3].map(() => openDatabase({ adminUrl: url.href, secret: test.secret })))
    expect((await opened[0]?.admin.query('select id from opsflux.kernel_migration order by id'))?.rows).toEqual(platformMigrations().map(({ id }) => ({ id })))
    await Promise.all(opened.map((database) => database.close()))
    await test.database.admin.query(`drop database ${name} with (force)`)
  })

  it('leaves nothing of a kernel migration that fails', async () => {
    const { adminUrl, secret, database } = test
    await expect(openDatabase({ adminUrl, secret, kernelMigrations: [{ id: '0002-broken', sql: 'create table opsflux.half (id uuid); select 1/0' }] }))
      .rejects.toMatchObject({ code: 'migration-failed' })
    const { rows } = await database.admin.query("select to_regclass('opsflux.half') as half")
    expect(rows).toEqual([{ half: null }])
  })

  it('gives a role its password again after a new secret', async () => {
    const name = `r_${randomUUID()}`
    for (const secret of ['first', 'second', 'second']) {
      const url = roleUrl(test.adminUrl, secret, name)
      await ensureLoginRole(test.database.admin, url, { name, password: rolePassword(secret, name) })
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.end()
    }
    await test.database.admin.query(`drop role "${name}"`)
  })

  it('says what to do when the database does not answer', async () => {
    await expect(openDatabase({ adminUrl: 'postgresql://nobody@127.0.0.1:1/none', secret: 's' })).rejects.toMatchObject({ code: 'not-ready' })
  })
})
