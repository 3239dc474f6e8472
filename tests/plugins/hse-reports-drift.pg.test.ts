import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage } from '@opsflux/cli'
import { PluginSchemas, schemaDrift } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { openPackage, type OpenedPackage } from '@opsflux/registry-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hseReports, hseReportsFirst } from '../setup/registry.ts'

let out: string
let fresh: TestDatabase
let first: OpenedPackage
let head: OpenedPackage

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'opsflux-drift-'))
  fresh = await testDatabase()
  first = await openPackage((await buildPackage({ folder: hseReports, overlay: hseReportsFirst, out })).path)
  head = await openPackage((await buildPackage({ folder: hseReports, out })).path)
})
afterAll(async () => {
  await fresh?.close()
  await rm(out, { recursive: true, force: true })
})

const migrations = (opened: OpenedPackage) => opened.plugin.migrations.map(({ id }) => ({ id, upSql: opened.text(`migrations/${id}.up.sql`), downSql: opened.text(`migrations/${id}.down.sql`) }))

test('the migrations of every release make exactly the tables its entities declare, on the way there and back', async () => {
  const schemas = new PluginSchemas(fresh.database)
  const pluginId = head.plugin.id
  const change = async (down: ReturnType<typeof migrations>, up: ReturnType<typeof migrations>): Promise<void> => schemas.change({ pluginId, down, up }, await schemas.stage(pluginId, {}))
  const added = migrations(head).slice(first.plugin.migrations.length)

  await change([], migrations(first))
  expect(await schemaDrift(fresh.database, first.plugin)).toEqual([])
  expect(await schemaDrift(fresh.database, head.plugin)).not.toEqual([])
  await change([], added)
  expect(await schemaDrift(fresh.database, head.plugin)).toEqual([])
  await change(added.toReversed(), [])
  expect(await schemaDrift(fresh.database, first.plugin)).toEqual([])
})
