import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPackage } from '@opsflux/registry-client'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { buildPackage } from '../build/build-package.ts'
import { run } from '../main.ts'
import { copyOfHello, type PluginCopy } from '../testing.ts'

let hello: PluginCopy
beforeEach(async () => {
  hello = await copyOfHello()
})
afterEach(() => hello[Symbol.asyncDispose]())

async function opsflux(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []]
  const code = await run(args, { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}
const migrate = (...options: string[]) => opsflux('migrate', hello.path, '--database', inject('postgresUrl'), ...options)
const migrations = async (): Promise<string[]> => (await readdir(join(hello.path, 'migrations'))).toSorted()
const read = (file: string): Promise<string> => readFile(join(hello.path, 'migrations', file), 'utf8')
const fields = (change: (text: string) => string): Promise<void> => hello.edit('entities.ts', change)
const release = (version: string): Promise<void> => hello.write('package.json', JSON.stringify({ version }))

/** The plugin on SDK 1.1, with its first migration written by the command. */
async function first(): Promise<void> {
  await hello.remove('migrations')
  await hello.edit('plugin.ts', (text) => text.replace('^1.0.0', '^1.1.0'))
  expect(await migrate()).toMatchObject({ code: 0, error: '' })
}

describe('opsflux migrate', () => {
  it('writes the first migration with a report, finds nothing more to do, and the package is built from it', async () => {
    await first()
    expect(await migrations()).toEqual(['0001-init.down.sql', '0001-init.up.sql', 'schema.json', 'schema.md'])
    expect(await read('0001-init.up.sql')).toContain('create table greeting (')
    expect(await read('schema.md')).toContain('| `language` | text | language (enum) | default \'en\' |')
    expect(await migrate()).toMatchObject({ code: 0, out: expect.stringContaining('Nothing to migrate') })
    expect(await opsflux('migrate', hello.path, '--check')).toMatchObject({ code: 0 })
    const { plugin, entries } = await openPackage((await buildPackage({ folder: hello.path, out: hello.out })).path)
    expect(plugin.entities[0]?.features).toMatchObject({ audit: true, softDelete: true, customFields: true, search: false })
    expect(entries.filter((path) => path.startsWith('migrations/'))).toEqual(['migrations/0001-init.down.sql', 'migrations/0001-init.up.sql'])
  })

  it('adds a field with an index built after the commit, labels the way back, and names the value to be checked', async () => {
    await first()
    await fields((text) => text.replace('times:', 'dueDate: field.date({ required: true, index: true }),\n    times:'))
    const checked = await opsflux('migrate', hello.path, '--check')
    expect(checked).toMatchObject({ code: 1, error: expect.stringContaining('greeting.due_date is new') })
    await expect(buildPackage({ folder: hello.path, out: hello.out })).rejects.toMatchObject({ code: 'validation-failed', message: expect.stringContaining('opsflux migrate') })
    const written = await migrate('--json')
    expect(JSON.parse(written.out)).toMatchObject({ migration: '0002-add-due-date', wayBack: { kind: 'lossless' }, drift: [], failure: null, unmeasured: [], toCheck: 1, rows: 16 })
    expect(await read('0002-add-due-date.down.sql')).toMatch(/^-- Way back: lossless \(measured on 16 generated rows\)\.\n/)
    expect(await read('0002-add-due-date.after.sql')).toContain('create index concurrently if not exists greeting_due_date_index')
    expect((await openPackage((await buildPackage({ folder: hello.path, out: hello.out })).path)).plugin.migrations[1]).toEqual({ id: '0002-add-due-date', reversible: true, after: true })
  })

  it('never guesses a rename: it stops, says how to answer, and does as told', async () => {
    await first()
    await fields((text) => text.replace('times:', 'count:'))
    const asked = await migrate()
    expect(asked).toMatchObject({ code: 2, error: expect.stringContaining('greeting.times: --rename greeting.times=count  or  --drop greeting.times') })
    expect(await migrations()).toHaveLength(4)
    expect(await migrate('--rename', 'greeting.times=count')).toMatchObject({ code: 0, out: expect.stringContaining('way back: lossless') })
    expect(await read('0002-rename-times.up.sql')).toBe('alter table greeting rename column times to count;\n')
  })

  it('puts a dropped field aside, and drops it with the next release', async () => {
    await first()
    await fields((text) => text.replace(/ *times:.*\n/, ''))
    await release('1.1.0')
    expect(await migrate()).toMatchObject({ code: 0, out: expect.stringContaining('way back: lossless') })
    expect(await read('0002-drop-times.up.sql')).toBe('alter table greeting rename column times to dropped_times;\n')
    expect(await migrate()).toMatchObject({ out: expect.stringContaining('Nothing to migrate') })
    expect(await read('schema.md')).toContain('`greeting.dropped_times`, put aside by 1.1.0')
    await release('1.2.0')
    expect(await migrate('--name', 'forget-times')).toMatchObject({ code: 0 })
    expect(await read('0003-forget-times.up.sql')).toContain('alter table greeting drop column dropped_times;')
    expect(await read('schema.json')).toContain('"aside": []')
  })

  it('cuts values that got too long, and keeps them whole for the way back', async () => {
    await first()
    await fields((text) => text.replace('maxLength: 200', 'maxLength: 20'))
    const kept = JSON.parse((await migrate('--json')).out) as { wayBack: object }
    expect(kept.wayBack).toMatchObject({ kind: 'lossless' })
    expect(await read('0002-change-greeting.up.sql')).toContain('left(text, 20)')
  })

  it('goes on from tables written by hand, when it is given the release they are of', async () => {
    expect(await migrate()).toMatchObject({ code: 2, error: expect.stringContaining('--from') })
    const { path } = await buildPackage({ folder: hello.path, out: hello.out })
    await hello.edit('plugin.ts', (text) => text.replace('^1.0.0', '^1.1.0'))
    const moved = await migrate('--from', path, '--json')
    expect(moved.error).toBe('')
    expect(JSON.parse(moved.out)).toMatchObject({ wayBack: { kind: 'lossless' }, drift: [], failure: null })
    const up = (await migrations()).find((name) => /^0002.*up/.test(name)) ?? ''
    expect(await read(up)).toMatch(/add column deleted_at[\s\S]*alter index if exists greeting_tenant rename to greeting_tenant_index|alter index if exists greeting_tenant rename to greeting_tenant_index[\s\S]*add column deleted_at/)
    expect(await migrate()).toMatchObject({ out: expect.stringContaining('Nothing to migrate') })
  })

  it('writes for SDK 1.0 without bin, custom fields and steps after the commit', async () => {
    await hello.remove('migrations')
    expect(await migrate()).toMatchObject({ code: 0 })
    await fields((text) => text.replace('field.integer({', 'field.integer({ index: true,'))
    expect(await migrate()).toMatchObject({ code: 0 })
    expect((await migrations()).filter((name) => name.includes('after'))).toEqual([])
    expect(await read('0001-init.up.sql')).not.toMatch(/deleted_at|custom/)
  })

  it('refuses what it cannot read, and writes nothing', async () => {
    await first()
    await fields((text) => text.replace('times:', 'other: field.boolean(),\n    times:'))
    const absent = Object.assign(new URL(inject('postgresUrl')), { username: 'nobody_like_that' }).href
    for (const [options, code, message] of [
      [['--rename', 'greeting.nothing=text'], 2, /the last release has no such name/], [['--rename', 'greeting.times'], 2, /greeting\.times cannot be read/], [['--backfill', 'times=1'], 2, /cannot be read/],
      [['--from', 'absent.json'], 2, /cannot be read as a package/], [['--name', 'Due date'], 2, /cannot be the name/], [['--database', absent, '--yes'], 2, /--database is given twice/],
    ] as const) expect(await migrate(...options), options.join(' ')).toMatchObject({ code, error: expect.stringMatching(message) })
    expect(await opsflux('migrate', hello.path, '--database', absent)).toMatchObject({ code: 1, error: expect.stringMatching(/^opsflux: not-ready[\s\S]*may create databases/) })
    expect(await migrations()).toHaveLength(4)
  })

  it('leaves no database behind', async () => {
    const client = new pg.Client({ connectionString: inject('postgresUrl') })
    await client.connect()
    const scratch = async () => (await client.query<{ datname: string }>("select datname from pg_database where datname like 'opsflux\\_migrate\\_%'")).rows.map(({ datname }) => datname)
    const before = new Set(await scratch())
    await first()
    await hello.write('migrations/0002-broken.up.sql', 'alter table greeting add column other boolean; alter table nothing_like_it add column x text')
    await fields((text) => text.replace('times:', 'other: field.boolean(),\n    times:'))
    expect(await migrate()).toMatchObject({ code: 1, error: expect.stringContaining('0002-broken') })
    // Other test files try migrations at the same time.
    await expect.poll(async () => (await scratch()).filter((name) => !before.has(name)), { timeout: 20_000 }).toEqual([])
    await client.end()
  })
})

describe('the build refuses what the database would, or an older platform', () => {
  it.each<[string, () => Promise<void>, RegExp]>([
    ['a computed field over a column that is not there', async () => {
      await hello.edit('plugin.ts', (text) => text.replace('^1.0.0', '^1.1.0'))
      await fields((text) => text.replace('times:', "sum: field.computed('integer', 'times * price'),\n    times:"))
    }, /\/entities\/0\/fields\/sum\/computed cannot be used: there is no column price/],
    ['a new kind for SDK 1.0', () => fields((text) => text.replace('times:', 'price: field.money(),\n    times:')), /SDK 1\.0, which does not know:\n {2}greeting\.price: the kind money/],
    ['steps after the commit for SDK 1.0', () => hello.write('migrations/0001-init.after.sql', 'drop index concurrently if exists x;'), /takes SDK 1\.1/],
  ])('%s', async (_what, change, message) => {
    await change()
    await expect(buildPackage({ folder: hello.path, out: hello.out })).rejects.toMatchObject({ code: 'validation-failed', message: expect.stringMatching(message) })
  })
})
