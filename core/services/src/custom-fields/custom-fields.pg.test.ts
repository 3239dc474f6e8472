import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import bodyParser from '@koa/bodyparser'
import Koa from 'koa'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { customIndexesOf, EntityEngine, Notifications, PluginSchemas, ReleaseEntities, uuidV7, type Actor } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { answerProblems } from '@opsflux/process'
import { customFieldLimits, queryLimits, type CustomField, type CustomFieldInput, type Json, type PluginManifest } from '@opsflux/sdk'
import { CustomFields } from './custom-fields.ts'
import { customFieldMigrations } from './migrations.ts'
import { customFieldRoutes } from './routes.ts'

const features = { audit: true, comments: false, attachments: false, versions: false, search: false, softDelete: false, customFields: true }
const manifest: PluginManifest = {
  formatVersion: 1, id: 'test-assets', version: '1.0.0', publisher: 'test', name: 'Assets', summary: '', icon: 'box', category: 'test', sdk: '^1.1.0',
  capabilities: [], dependencies: {}, permissions: [], menus: [], hooks: {}, routes: [], migrations: [], locales: [],
  entities: [{ name: 'asset', fields: {}, features }, { name: 'label', fields: {}, features: { ...features, customFields: false } }],
}
const columns = "id uuid primary key, tenant_id uuid not null, revision integer not null default 1, created_at timestamptz not null default now(), created_by uuid, updated_at timestamptz not null default now(), updated_by uuid, custom jsonb not null default '{}'"
const [alice, carol] = [uuidV7(), uuidV7()].map((tenantId): Actor => ({ tenantId, userId: uuidV7(), locale: 'en', permissions: ['*'] })) as [Actor, Actor]
const badge: CustomFieldInput = { module: manifest.id, entity: 'asset', name: 'badge', kind: 'string', label: { en: 'Badge', fr: 'Badge' } }

let opened: TestDatabase
const closing: (() => Promise<void>)[] = []
let here: CustomFields
let there: CustomFields
let release: ReleaseEntities

async function host(): Promise<CustomFields> {
  const notifications = await Notifications.start(opened.database.roleUrl('opsflux_app'))
  const fields = new CustomFields({ database: opened.database, notifications, releaseOf: (id) => (id === manifest.id ? release : undefined), log: pino({ enabled: false }) })
  closing.push(async () => { await fields.stop(); await notifications.close() })
  return fields
}

beforeAll(async () => {
  opened = await testDatabase({ kernelMigrations: customFieldMigrations() })
  release = new ReleaseEntities(manifest)
  const schemas = new PluginSchemas(opened.database)
  const staged = await schemas.stage(manifest.id, { installation: { version: '1.0.0', digest: 'x', source: 'file', state: 'active', manifest: { id: manifest.id }, granted: [], changedBy: 'test' } })
  await schemas.change({ pluginId: manifest.id, up: [{ id: '0001-init', upSql: `create table asset (${columns})`, downSql: 'drop table asset' }], down: [] }, staged)
  for (const { tenantId } of [alice, carol]) await opened.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'Tenant')", [tenantId])
  here = await host()
  there = await host()
})
afterAll(async () => {
  for (const close of closing) await close()
  await opened.close()
})

const namesOf = async (fields: CustomFields, actor = alice): Promise<string[]> => (await fields.of(actor.tenantId, manifest.id, 'asset')).map(({ name }) => name)
const refusal = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'accepted', (error: { code?: string; data?: { errors?: { path: string; code: string }[] } }) => error.data?.errors?.map(({ path, code }) => `${path} ${code}`) ?? error.code)
const clear = async (): Promise<void> => {
  await opened.database.admin.query('delete from opsflux.custom_field')
  await here.indexed(manifest.id)
}
/** Resolves once the other host answers what is expected. */
async function seenThere(expected: string[]): Promise<void> {
  await expect.poll(() => namesOf(there), { interval: 5, timeout: 5_000 }).toEqual(expected)
}

describe('a custom field', () => {
  test('is added for one tenant, known to every host, and the same array until something changes', async () => {
    await clear()
    expect(await namesOf(there)).toEqual([])
    const added = await here.add(alice, { ...badge, required: true, help: { en: 'On the card' } })
    expect(added).toEqual({ id: expect.any(String) as string, pluginId: manifest.id, entity: 'asset', name: 'badge', kind: 'string', label: { en: 'Badge', fr: 'Badge' }, help: { en: 'On the card' }, required: true, position: 0 })
    expect(await namesOf(here)).toEqual(['badge'])
    await seenThere(['badge'])
    await here.add(alice, { ...badge, name: 'weight', kind: 'decimal' })
    await seenThere(['badge', 'weight'])
    expect(await there.of(alice.tenantId, manifest.id, 'asset')).toBe(await there.of(alice.tenantId, manifest.id, 'asset'))
    expect((await here.of(alice.tenantId, manifest.id, 'asset'))[1]).toMatchObject({ precision: 18, scale: 2, position: 1 })
    expect(await namesOf(here, carol)).toEqual([])
    expect(await here.list(carol, { pluginId: manifest.id, deleted: true })).toEqual([])
    expect(await refusal(here.change(carol, added.id, { required: false }))).toBe('not-found')
    expect(await refusal(here.remove(carol, added.id))).toBe('not-found')
  })

  test('is refused with every wrong part named, and nothing is written', async () => {
    await clear()
    const tries: [Partial<CustomFieldInput>, unknown][] = [
      [{ name: 'Badge' }, ['/name pattern']], [{ name: `a${'b'.repeat(customFieldLimits.name)}` }, ['/name pattern']], [{ name: '__proto__' }, ['/name pattern']],
      [{ label: { en: ' ' } }, ['/label/en required']], [{ label: { en: 'x'.repeat(81), fr: 'a\0' } }, ['/label/en too-long', '/label/fr format']], [{ help: { fr: 'x'.repeat(301) } }, ['/help/fr too-long']],
      [{ min: 1 }, ['/min not-for-kind']], [{ maxLength: 0 }, ['/maxLength range']], [{ maxLength: 256 }, ['/maxLength range']], [{ kind: 'text', maxLength: 20_001, index: true }, ['/index not-for-kind', '/maxLength range']],
      [{ kind: 'integer', min: 2, max: 1 }, ['/max too-small']], [{ kind: 'integer', min: 1.5 }, ['/min type']], [{ kind: 'decimal', precision: 39 }, ['/precision range']], [{ kind: 'decimal', precision: 4, scale: 5 }, ['/scale range']],
      [{ kind: 'enum' }, ['/values required']], [{ kind: 'enum', values: [] }, ['/values required']], [{ kind: 'enum', values: ['a', 'a', '', ' b', 'x'.repeat(81)] }, ['/values/1 twice', '/values/2 format', '/values/3 format', '/values/4 too-long']],
      [{ kind: 'enum', values: Array.from({ length: 201 }, String) }, ['/values too-many']], [{ entity: 'label' }, 'conflict'], [{ entity: 'nothing' }, 'not-found'], [{ module: 'test-none' }, 'not-found'],
    ]
    for (const [wrong, expected] of tries) expect(await refusal(here.add(alice, { ...badge, ...wrong })), JSON.stringify(wrong).slice(0, 80)).toEqual(expected)
    expect(await here.list(alice, { pluginId: manifest.id, deleted: true })).toEqual([])
  })

  test('keeps its name, its kind and the values of its list', async () => {
    await clear()
    const { id } = await here.add(alice, { ...badge, kind: 'enum', values: ['red', 'blue'] })
    expect(await refusal(here.add(alice, badge))).toBe('conflict')
    expect(await refusal(here.change(alice, id, { values: ['red'] }))).toEqual(['/values taken-away'])
    expect(await here.change(alice, id, { values: ['green', 'blue', 'red'], required: true, label: { en: 'Colour' } })).toMatchObject({ values: ['green', 'blue', 'red'], required: true, label: { en: 'Colour' }, kind: 'enum' })
    const { id: count } = await here.add(alice, { ...badge, name: 'count', kind: 'integer', min: 0, max: 9 })
    const changed = await here.change(alice, count, { min: null, max: 99 })
    expect([changed.min, changed.max]).toEqual([undefined, 99])
    expect(await refusal(here.change(alice, uuidV7(), {}))).toBe('not-found')
  })

  test('is put in order with the others, all of them', async () => {
    await clear()
    const added: CustomField[] = []
    for (const name of ['one', 'two', 'three']) added.push(await here.add(alice, { ...badge, name }))
    const ids = added.map(({ id }) => id).toReversed()
    const of = { pluginId: manifest.id, entity: 'asset' }
    expect((await here.order(alice, { ...of, ids })).map(({ name }) => name)).toEqual(['three', 'two', 'one'])
    for (const others of [ids.slice(1), [...ids, uuidV7()], [ids[0] ?? '', ids[0] ?? '', ids[1] ?? '']]) expect(await refusal(here.order(alice, { ...of, ids: others }))).toBe('conflict')
    await seenThere(['three', 'two', 'one'])
  })

  test('that is deleted hides its values and keeps its name until it is restored or purged', async () => {
    await clear()
    const { id } = await here.add(alice, badge)
    const engine = new EntityEngine(opened.database, { lookups: { user: async () => new Map() }, customFieldsOf: (...of) => here.of(...of) })
    const run = <T>(work: Parameters<typeof engine.run<T>>[3]): Promise<T> => engine.run(release, alice, undefined, work)
    const record = String((await run((transaction) => transaction.create('asset', { custom: { badge: 'B-1' } })))['id'])
    const custom = async (): Promise<Json | undefined> => (await run((transaction) => transaction.findOne('asset', record)))?.['custom']
    expect(await here.use(alice, id)).toBe(1)
    await here.remove(alice, id)
    expect([await namesOf(here), await custom()]).toEqual([[], {}])
    expect(await refusal(here.change(alice, id, {}))).toBe('not-found')
    expect(await refusal(here.add(alice, badge))).toBe('conflict')
    expect((await here.list(alice, { pluginId: manifest.id, entity: 'asset', deleted: true }))[0]).toMatchObject({ name: 'badge', deletedAt: expect.stringMatching(/Z$/) as string })
    expect(await here.restore(alice, id)).not.toHaveProperty('deletedAt')
    expect(await custom()).toEqual({ badge: 'B-1' })
    expect(await refusal(here.purge(alice, id))).toBe('conflict')
    await here.remove(alice, id)
    await here.purge(alice, id)
    expect(await refusal(here.purge(alice, id))).toBe('not-found')
    await here.add(alice, badge)
    expect(await custom()).toEqual({ badge: null })
    const { rows } = await opened.database.admin.query<{ action: string; user_id: string }>("select action, user_id from opsflux.audit_entry where plugin_id = 'custom-fields' and record_id = $1 order by at, id", [id])
    expect(rows).toEqual(['create', 'delete', 'restore', 'delete', 'purge'].map((action) => ({ action, user_id: alice.userId })))
  })

  test('is one of 50, deleted ones counted', async () => {
    await clear()
    for (let index = 0; index < queryLimits.customFields; index++) await here.add(alice, { ...badge, name: `field${index}` })
    const [first] = await here.of(alice.tenantId, manifest.id, 'asset')
    await here.remove(alice, first?.id ?? '')
    expect(await refusal(here.add(alice, badge))).toBe('conflict')
  })

  test('has one of 10 indexes of the entity in its tenant, and of 100 in all', async () => {
    await clear()
    for (let index = 0; index < 12; index++) await here.add(alice, { ...badge, name: `field${index}` })
    const ids = (await here.of(alice.tenantId, manifest.id, 'asset')).map(({ id }) => id)
    const indexed = (place: number): Promise<unknown> => refusal(here.change(alice, ids[place] ?? '', { index: true }))
    await opened.database.admin.query("update opsflux.custom_field set indexed = true, index_state = 'failed' where position between 3 and 11")
    expect([await indexed(0), await indexed(1)]).toEqual(['accepted', 'conflict'])
    expect(await refusal(here.add(alice, { ...badge, index: true }))).toBe('conflict')
    await opened.database.admin.query('update opsflux.custom_field set indexed = false, index_state = null where position > 2')
    await opened.database.admin.query(`insert into opsflux.custom_field (id, tenant_id, plugin_id, entity, name, kind, position, required, label, indexed, index_state, created_by, updated_by)
      select gen_random_uuid(), $1, $2, 'asset', 'other' || n, 'string', n, false, '{"en": "Other"}', true, 'failed', $3, $3 from generate_series(1, ${customFieldLimits.indexedInAll - 2}) n`, [carol.tenantId, manifest.id, carol.userId])
    expect([await indexed(1), await indexed(2)]).toEqual(['accepted', 'conflict'])
    await here.indexed(manifest.id)
  })
})

test('an index is made once the field is there, dropped with it, and made again when it is restored or was lost', async () => {
  await clear()
  const { id } = await here.add(alice, { ...badge, index: true })
  const valid = async (): Promise<boolean[]> => [...(await customIndexesOf(opened.database, manifest.id)).values()]
  const state = async (): Promise<CustomField['indexState']> => (await here.find(alice, id)).indexState
  await here.indexed(manifest.id)
  expect([await state(), await valid()]).toEqual(['ready', [true]])
  await here.remove(alice, id)
  await here.indexed(manifest.id)
  expect(await valid()).toEqual([])
  await here.restore(alice, id)
  await here.indexed(manifest.id)
  expect([await state(), await valid()]).toEqual(['ready', [true]])
  // As after a roll-back, or with a host that ended in the middle.
  await opened.database.admin.query(`drop index p_test_assets.cf_${id.replaceAll('-', '')}`)
  await Promise.all([here.indexed(manifest.id), there.indexed(manifest.id)])
  expect([await state(), await valid()]).toEqual(['ready', [true]])
  await opened.database.admin.query('update pg_index set indisvalid = false where indexrelid = $1::regclass', [`p_test_assets.cf_${id.replaceAll('-', '')}`])
  await there.indexed(manifest.id)
  expect([await state(), await valid()]).toEqual(['ready', [true]])
  await here.change(alice, id, { index: false })
  await here.indexed(manifest.id)
  expect([await state(), await valid()]).toEqual([undefined, []])
})

test('what a host cannot hear of it reads each time, and keeps the array while it is the same', async () => {
  await clear()
  const deaf = await Notifications.start(opened.database.roleUrl('opsflux_app'))
  const fields = new CustomFields({ database: opened.database, notifications: deaf, releaseOf: () => release, log: pino({ enabled: false }) })
  await here.add(alice, badge)
  await deaf.close()
  const known = await fields.of(alice.tenantId, manifest.id, 'asset')
  expect(await fields.of(alice.tenantId, manifest.id, 'asset')).toBe(known)
  await here.add(alice, { ...badge, name: 'second' })
  expect(await namesOf(fields)).toEqual(['badge', 'second'])
  await fields.stop()
})

describe('the routes', () => {
  let url: string
  let permissions: string[] = []
  let places: Actor['places'] = []
  let isEnabled = true
  beforeAll(async () => {
    const app = new Koa().use(answerProblems(pino({ enabled: false }))).use(bodyParser({ enableTypes: ['json'], parsedMethods: ['POST', 'PUT', 'PATCH'] }))
    app.use(async (context, next) => {
      context.state['caller'] = { ...alice, id: alice.userId, actor: { ...alice, permissions, places } }
      await next()
    })
    app.use(customFieldRoutes(here, { isEnabled: async () => isEnabled }).routes())
    const server = createServer(app.callback())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/custom-fields`
    closing.unshift(async () => void server.close())
  })

  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: { id?: string; data?: CustomField[]; entities?: string[]; code?: string; records?: number } }> => {
    const answer = await fetch(url + path, { method, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) as object }
  }
  const as = async (...held: string[]): Promise<void> => { permissions = held }

  test('take the right to manage the module or modules as a whole; reading takes the right to view it', async () => {
    await clear()
    await as('test-assets.manage.all')
    const { body: { id = '' }, status } = await call('POST', '', badge)
    expect(status).toBe(201)
    const writes: [string, string, unknown?][] = [['POST', '', { ...badge, name: 'other' }], ['PATCH', `/${id}`, {}], ['PUT', '/order', { module: manifest.id, entity: 'asset', ids: [id] }], ['GET', `/${id}/use`], ['GET', `?module=${manifest.id}&deleted=true`], ['DELETE', `/${id}`], ['POST', `/${id}/restore`], ['POST', `/${id}/purge`]]
    for (const held of ['test-assets.view.all', 'test-assets.manage.company', 'test-assets.edit.all', 'other-plugin.manage.all', 'users.manage.all']) {
      await as(held)
      for (const [method, path, body] of writes) expect(await call(method, path, body), `${held} ${method} ${path}`).toMatchObject({ status: 403, body: { code: 'forbidden' } })
      expect((await call('GET', `?module=${manifest.id}`)).status, held).toBe(held.startsWith('test-assets.view') ? 200 : 403)
    }
    await as()
    places = [{ companyId: uuidV7(), departmentIds: [], permissions: ['test-assets.view.own', 'test-assets.manage.all'] }]
    expect((await call('GET', `?module=${manifest.id}&entity=asset`)).body.data?.map(({ name }) => name)).toEqual(['badge'])
    for (const [method, path, body] of writes) expect((await call(method, path, body)).status).toBe(403)
    places = []
    for (const held of ['*', 'modules.manage.all']) {
      await as(held)
      expect((await call('GET', `?module=${manifest.id}&deleted=true`)).body).toMatchObject({ entities: ['asset'], data: [{ name: 'badge' }] })
    }
    isEnabled = false
    for (const [method, path, body] of writes) expect(await call(method, path, body)).toMatchObject({ status: 409, body: { code: 'module-disabled' } })
    isEnabled = true
    expect((await call('GET', `/${id}/use`)).body).toEqual({ records: 0 })
    expect([(await call('DELETE', `/${id}`)).status, (await call('POST', `/${id}/restore`, {})).status, (await call('DELETE', `/${id}`)).status, (await call('POST', `/${id}/purge`, {})).status]).toEqual([204, 200, 204, 204])
  })

  test('refuse what cannot be read, and never fail over it', async () => {
    await as('*')
    const wrongs: [string, string, unknown, number][] = [
      ['POST', '', {}, 422], ['POST', '', { ...badge, kind: 'json' }, 422], ['POST', '', { ...badge, label: 'Badge' }, 422], ['POST', '', { ...badge, position: 3 }, 422], ['POST', '', { ...badge, min: '1' }, 422], ['POST', '', { ...badge, name: 'a'.repeat(500) }, 422],
      ['POST', '', { ...badge, module: 'Test!' }, 422], ['PATCH', `/${uuidV7()}`, { name: 'x' }, 422], ['PATCH', `/${uuidV7()}`, {}, 404], ['DELETE', '/nothing', undefined, 400], ['DELETE', `/${uuidV7()}`, undefined, 404], ['POST', `/${uuidV7()}/purge`, {}, 404],
      ['PUT', '/order', { module: manifest.id, entity: 'asset', ids: ["'; drop table"] }, 409], ['PUT', '/order', { module: manifest.id, entity: 'asset', ids: Array.from({ length: 51 }, uuidV7) }, 422],
    ]
    for (const [method, path, body, status] of wrongs) expect((await call(method, path, body)).status, `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`).toBe(status)
    expect([(await call('GET', '')).status, (await call('GET', '?module=test-none')).status, (await call('GET', `?module=${manifest.id}&entity=label`)).status, (await call('GET', `?module=${manifest.id}&other=1`)).status]).toEqual([400, 404, 409, 400])
  })
})
