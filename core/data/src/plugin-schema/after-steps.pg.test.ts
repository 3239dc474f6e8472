import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../database/sql.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { AfterSteps, type AfterStepsOptions } from './after-steps-runner.ts'
import { addIncidents, apply, asTenant, incidents, installationOf, tenantA, tenantB, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'
import type { SchemaChange } from './types.ts'

let test: TestDatabase
let schemas: PluginSchemas
const hosts: AfterSteps[] = []
beforeAll(async () => {
  test = await testDatabase()
  schemas = new PluginSchemas(test.database)
})
afterEach(async () => { for (const host of hosts.splice(0)) await host.stop() })
afterAll(() => test.close())

const notes = { id: '0002-note', upSql: 'alter table incident add column note text', downSql: 'drop index if exists incident_note; alter table incident drop column note' }
const makeIndex = 'create index concurrently incident_note on incident (tenant_id, note, id)'
const schemaName = (pluginId: string): string => `p_${pluginId.replaceAll('-', '_')}`

const withSteps = (pluginId: string, afterSql: string): SchemaChange => ({ pluginId, down: [], up: [notes], after: [{ id: notes.id, afterSql }] })
async function installed(pluginId: string, titles = ['One', 'Two', 'Three']): Promise<string> {
  await apply(schemas, { pluginId, down: [], up: [incidents.init] })
  await addIncidents(test, schemaName(pluginId), titles)
  return schemaName(pluginId)
}
function startHost(options: AfterStepsOptions = {}): AfterSteps {
  const started = new AfterSteps(test.database, { everySeconds: 0.05, retrySeconds: 0.01, ...options })
  hosts.push(started)
  started.start()
  return started
}
const rowsOf = async (text: string, values: unknown[] = []): Promise<unknown[]> => (await test.database.admin.query(text, values)).rows
const stepsOf = (pluginId: string): Promise<unknown[]> => rowsOf('select state, attempts, rows::integer, problem from opsflux.after_step where plugin_id = $1 order by migration, position', [pluginId])
const indexOf = (schema: string, name = 'incident_note'): Promise<unknown[]> =>
  rowsOf('select indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = to_regnamespace($1) and c.relname = $2', [schema, name])
async function done(pluginId: string): Promise<void> {
  await expect.poll(async () => (await stepsOf(pluginId)).every((step) => (step as { state: string }).state === 'done'), { timeout: 20_000 }).toBe(true)
}

/** A transaction that has written to the table: an index is not finished while it is open. */
async function openWriter(schema: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: test.adminUrl })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin')
  await client.query(`update ${schema}.incident set cost = cost`)
  return client
}
async function building(schema: string): Promise<void> {
  await expect.poll(() => indexOf(schema), { timeout: 20_000 }).toEqual([{ valid: false }])
}

describe('steps after a change', () => {
  it('are written down with the change and run one by one after it, on the rows of all tenants', async () => {
    const schema = await installed('all-steps', Array.from({ length: 25 }, (_, at) => `Title ${at}`))
    await addIncidents(test, schema, ['Other'], tenantB)
    await apply(schemas, withSteps('all-steps', `update incident set note = lower(title) where id in (select id from incident where note is null limit 10);
      ${makeIndex}; drop index concurrently incident_title`), '1.1.0')
    expect(await stepsOf('all-steps')).toEqual(Array.from({ length: 3 }, () => ({ state: 'pending', attempts: 0, rows: null, problem: null })))
    expect(await indexOf(schema)).toEqual([])
    const settled: unknown[] = []
    const runner = startHost({ onSettled: (...told) => settled.push(told) })
    await done('all-steps')
    expect(await stepsOf('all-steps')).toEqual([{ state: 'done', attempts: 1, rows: 26, problem: null }, { state: 'done', attempts: 1, rows: null, problem: null }, { state: 'done', attempts: 1, rows: null, problem: null }])
    expect(await asTenant(test, sql`select distinct note = lower(title) from p_all_steps.incident`)).toEqual([['t']])
    expect([await indexOf(schema), await indexOf(schema, 'incident_title')]).toEqual([[{ valid: true }], []])
    expect(await runner.waiting('all-steps')).toEqual([])
    await expect.poll(() => settled).toEqual([['all-steps', undefined]])
  })

  it('are counted by a plan, which runs none of them', async () => {
    const schema = await installed('counted-steps')
    expect(await schemas.measure(withSteps('counted-steps', `${makeIndex}; alter table incident validate constraint none`))).toMatchObject({ afterSteps: 2, wayBack: { kind: 'lossless' } })
    expect(await indexOf(schema)).toEqual([])
    await expect(schemas.measure(withSteps('counted-steps', 'select 1'))).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('is refused: only indexes') })
  })

  it('do not run while the release does not serve or an operation runs', async () => {
    await installed('not-serving')
    await apply(schemas, withSteps('not-serving', makeIndex), '1.1.0', { installation: { ...installationOf('1.1.0'), state: 'stopped' } })
    await installed('being-changed')
    await apply(schemas, withSteps('being-changed', makeIndex), '1.1.0')
    await test.database.admin.query("insert into opsflux.operation (id, plugin_id, action, state, plan, started_by, host_id) values ($1, 'being-changed', 'update', 'running', '{}', 'system', 'h')", [randomUUID()])
    await installed('in-order')
    await apply(schemas, withSteps('in-order', makeIndex), '1.1.0')
    startHost()
    await done('in-order')
    expect(await rowsOf("select state from opsflux.after_step where plugin_id in ('not-serving', 'being-changed')")).toEqual([{ state: 'pending' }, { state: 'pending' }])
    await test.database.admin.query("update opsflux.installation set state = 'active' where plugin_id = 'not-serving'")
    await test.database.admin.query("update opsflux.operation set state = 'succeeded' where plugin_id = 'being-changed'")
    await Promise.all([done('not-serving'), done('being-changed')])
  })

  it('that fail are tried four times, then kept with the reason until somebody tries again; those behind them wait', async () => {
    const schema = await installed('failing-step', ['Same', 'Same'])
    await apply(schemas, withSteps('failing-step', 'create unique index concurrently incident_same on incident (tenant_id, title); ' + makeIndex), '1.1.0')
    const problems: (string | undefined)[] = []
    const runner = startHost({ onSettled: (_, problem) => problems.push(problem) })
    await expect.poll(() => problems, { timeout: 20_000 }).toEqual([expect.stringContaining('could not create unique index')])
    expect(await runner.waiting('failing-step')).toEqual([
      { migration: '0002-note', statement: expect.stringContaining('incident_same'), state: 'failed', problem: problems[0] }, { migration: '0002-note', statement: makeIndex, state: 'pending' },
    ])
    expect((await stepsOf('failing-step'))[0]).toMatchObject({ attempts: 4 })
    expect(await indexOf(schema, 'incident_same')).toEqual([])
    await asTenant(test, sql`delete from p_failing_step.incident where id in (select id from p_failing_step.incident limit 1)`)
    expect([await runner.retry('failing-step'), await runner.retry('nobody')]).toEqual([true, false])
    await done('failing-step')
    expect(await indexOf(schema, 'incident_same')).toEqual([{ valid: true }])
  })

  it('that would never end are given up', async () => {
    await installed('endless-step')
    await apply(schemas, withSteps('endless-step', "update incident set note = 'x' where id in (select id from incident limit 10000)"), '1.1.0')
    startHost()
    await expect.poll(() => stepsOf('endless-step'), { timeout: 20_000 }).toEqual([expect.objectContaining({ state: 'failed', attempts: 1, problem: expect.stringContaining('never end') })])
  })

  it('that were begun again and again without an end are given up', async () => {
    await installed('deadly-step')
    await apply(schemas, withSteps('deadly-step', makeIndex), '1.1.0')
    await test.database.admin.query("update opsflux.after_step set state = 'running', attempts = 4, started_at = now() where plugin_id = 'deadly-step'")
    startHost()
    await expect.poll(() => stepsOf('deadly-step')).toEqual([expect.objectContaining({ state: 'failed', problem: 'it was begun 4 times and never came to an end' })])
  })
})

describe('a step that was interrupted', () => {
  it('goes on where it can: a half-made index is made again, what is done is not', async () => {
    const schema = await installed('killed-index')
    await apply(schemas, withSteps('killed-index', makeIndex), '1.1.0')
    const writer = await openWriter(schema)
    const first = startHost()
    await building(schema)
    await first.stop()
    expect(await indexOf(schema)).toEqual([{ valid: false }])
    expect(await stepsOf('killed-index')).toMatchObject([{ state: 'pending', attempts: 0 }])
    await writer.end()
    startHost()
    await done('killed-index')
    expect(await indexOf(schema)).toEqual([{ valid: true }])
  })

  it('is finished by looking, when only its end was not written down', async () => {
    const schema = await installed('nearly-done')
    await apply(schemas, withSteps('nearly-done', `${makeIndex}; drop index concurrently incident_title`), '1.1.0')
    await test.database.admin.query(`create index incident_note on ${schema}.incident (tenant_id, note, id); drop index ${schema}.incident_title;
      update opsflux.after_step set state = 'running', attempts = 1, started_at = now() where plugin_id = 'nearly-done'`)
    startHost()
    await done('nearly-done')
  })

  it('is not taken for done when another index has its name', async () => {
    const schema = await installed('taken-name')
    await apply(schemas, withSteps('taken-name', 'create index concurrently incident_title on incident (note)'), '1.1.0')
    startHost()
    await expect.poll(() => stepsOf('taken-name'), { timeout: 20_000 }).toEqual([expect.objectContaining({ state: 'failed', problem: 'relation "incident_title" already exists' })])
    expect(await indexOf(schema, 'incident_title')).toEqual([{ valid: true }])
  })

  it('is run by one host at a time', async () => {
    const schema = await installed('two-hosts')
    await apply(schemas, withSteps('two-hosts', `${makeIndex}; update incident set note = 'x' where id in (select id from incident where note is null limit 1)`), '1.1.0')
    const writer = await openWriter(schema)
    startHost()
    startHost()
    await building(schema)
    startHost()
    const locks = (): Promise<unknown[]> => rowsOf("select count(*)::integer as sessions from pg_stat_activity where query = $1 and state = 'active' and datname = current_database()", [makeIndex])
    for (let look = 0; look < 10; look++) expect(await locks()).toEqual([{ sessions: 1 }])
    await writer.end()
    await done('two-hosts')
    expect(await stepsOf('two-hosts')).toEqual([{ state: 'done', attempts: 1, rows: null, problem: null }, { state: 'done', attempts: 1, rows: 3, problem: null }])
  })
})

describe('a change while a step runs', () => {
  it('back ends it and forgets it', async () => {
    const schema = await installed('taken-back')
    await apply(schemas, withSteps('taken-back', makeIndex), '1.1.0')
    const writer = await openWriter(schema)
    startHost()
    await building(schema)
    const back = apply(schemas, { pluginId: 'taken-back', down: [notes], up: [], after: [] }, '1.0.0')
    await expect.poll(() => rowsOf("select count(*)::integer as sessions from pg_stat_activity where query = $1 and state = 'active' and datname = current_database()", [makeIndex]), { timeout: 20_000 }).toEqual([{ sessions: 0 }])
    await writer.query('commit')
    await writer.end()
    await back
    expect([await stepsOf('taken-back'), await indexOf(schema)]).toEqual([[], []])
  })

  it('forward lets it go on afterwards, and what its publisher corrected takes its place', async () => {
    const schema = await installed('corrected')
    await apply(schemas, withSteps('corrected', `${makeIndex}; create unique index concurrently wrong on incident (tenant_id)`), '1.1.0')
    const runner = startHost()
    await expect.poll(() => runner.waiting('corrected'), { timeout: 20_000 }).toMatchObject([{ state: 'failed' }])
    await apply(schemas, { ...withSteps('corrected', `${makeIndex}; create index concurrently better on incident (tenant_id)`), up: [] }, '1.1.1')
    runner.wake()
    await done('corrected')
    expect(await stepsOf('corrected')).toMatchObject([{ attempts: 1 }, { attempts: 1 }])
    expect([await indexOf(schema, 'wrong'), await indexOf(schema, 'better')]).toEqual([[], [{ valid: true }]])
  })

  it('to a restore point brings the steps back as they were, done or not', async () => {
    const schema = await installed('restored-steps')
    await apply(schemas, withSteps('restored-steps', makeIndex), '1.1.0')
    const meta = { version: '1.1.0', digest: 'd', manifest: {}, granted: [] }
    const before = await schemas.protect('restored-steps', meta)
    const first = startHost()
    await done('restored-steps')
    await first.stop()
    const after = await schemas.protect('restored-steps', meta)
    const restore = async (point: string): Promise<void> => schemas.restore(point, await schemas.stage('restored-steps', { installation: installationOf('1.1.0') }))
    await restore(before)
    expect([await stepsOf('restored-steps'), await indexOf(schema)]).toMatchObject([[{ state: 'pending' }], []])
    await restore(after)
    expect([await stepsOf('restored-steps'), await indexOf(schema)]).toMatchObject([[{ state: 'done' }], [{ valid: true }]])
    await restore(before)
    startHost()
    await done('restored-steps')
    expect(await titlesOf(test, schema)).toEqual(['One', 'Three', 'Two'])
  })

  it('to nothing ends it: purged data leaves no step', async () => {
    const schema = await installed('purged-steps')
    await apply(schemas, withSteps('purged-steps', makeIndex), '1.1.0')
    const writer = await openWriter(schema)
    startHost()
    await building(schema)
    const purged = schemas.purge('purged-steps')
    await writer.end()
    await purged
    expect(await stepsOf('purged-steps')).toEqual([])
  })
})

it('a step that somebody else has begun anew is not written about by who had begun it before', async () => {
  const schema = await installed('stale-word')
  await apply(schemas, withSteps('stale-word', makeIndex), '1.1.0')
  const writer = await openWriter(schema)
  startHost()
  await building(schema)
  await test.database.admin.query("update opsflux.after_step set run = gen_random_uuid(), state = 'pending' where plugin_id = 'stale-word'")
  await writer.end()
  await done('stale-word')
  expect(await stepsOf('stale-word')).toMatchObject([{ state: 'done', attempts: 2 }])
})

it('requests cannot read or write the steps', async () => {
  await expect(asTenant(test, sql`select * from opsflux.after_step`, tenantA)).rejects.toThrow('permission denied')
})
