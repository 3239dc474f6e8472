import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage } from '@opsflux/cli'
import { schemaDrift } from '@opsflux/data'
import { openPackage, type OpenedPackage } from '@opsflux/registry-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hseReports, hseReportsFirst } from '../setup/registry.ts'
import { MigratedTables, migrationsOf } from './migrated-tables.ts'

let out: string
let tables: MigratedTables
let first: OpenedPackage
let head: OpenedPackage

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'opsflux-drift-'))
  tables = await MigratedTables.start('hse-reports')
  first = await openPackage((await buildPackage({ folder: hseReports, overlay: hseReportsFirst, out })).path)
  head = await openPackage((await buildPackage({ folder: hseReports, out })).path)
})
afterAll(async () => {
  await tables?.test.close()
  await rm(out, { recursive: true, force: true })
})

test('the migrations of every release make exactly the tables its entities declare, on the way there and back', async () => {
  const [init, ...added] = migrationsOf(hseReports)
  if (!init) return expect.unreachable()
  const drift = ({ plugin }: OpenedPackage): Promise<string[]> => schemaDrift(tables.test.database, plugin)
  expect([first.plugin.migrations.length, head.plugin.migrations.length]).toEqual([1, 1 + added.length])

  await tables.up(init)
  expect(await drift(first)).toEqual([])
  expect(await drift(head)).not.toEqual([])
  for (const _ of ['', 'again']) {
    await tables.up(...added)
    expect(await drift(head)).toEqual([])
    await tables.down(...added.toReversed())
    expect(await drift(first)).toEqual([])
  }
})
