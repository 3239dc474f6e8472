import { randomUUID } from 'node:crypto'
import { planMigration, tablesOf } from '@opsflux/migrations/generate'
import { OpsFluxError, type EntityDeclaration, type PluginManifest } from '@opsflux/sdk'
import type pg from 'pg'
import type { Database } from '../database/index.ts'
import { quoteIdentifier } from '../database/roles.ts'
import { isKeptTable, schemaOf } from '../plugin-schema/names.ts'
import { snakeCase } from './kinds/column.ts'
import { readStructure, type TableStructure } from './schema-structure.ts'
import { tableDrift, type DriftRules } from './table-drift.ts'

/**
 * The statements still missing between the migrated schema of a plugin and the entities it declares; none when they agree.
 * Compares tables (those of links too), columns, types, whether null is allowed, what is generated, checks, references, and the indexes of
 * references, unique fields and sets, `index` and search. Free are defaults of fields, names of all but an entity's checks, further indexes and
 * checks, row-level security, tables `kept_…` and columns `dropped_…`; and in entities without `features` also indexes of references and of the id.
 *
 * What is declared is made in a schema of its own and rolled back, so that PostgreSQL says both in the same words. Takes the administrator's
 * role to create schemas; for tests and checks before a release, not for requests.
 */
export async function schemaDrift(database: Pick<Database, 'admin'>, manifest: Pick<PluginManifest, 'id' | 'entities'>): Promise<string[]> {
  const schema = schemaOf(manifest.id)
  const client = await database.admin.connect()
  try {
    await client.query('begin')
    const wanted = await structureOf(client, manifest)
    const found = await readStructure(client, schema)
    return differences(schema, wanted, found, rulesOf(manifest.entities))
  } finally {
    await client.query('rollback').finally(() => client.release())
  }
}

async function structureOf(client: pg.PoolClient, manifest: Pick<PluginManifest, 'id' | 'entities'>): Promise<Map<string, TableStructure>> {
  refuseMissingTargets(manifest)
  const schema = `drift_${randomUUID().replaceAll('-', '')}`
  await client.query(`create schema ${schema}; set local search_path to ${schema}`)
  // Of what stands in a package: one statement at a time, whatever else is written in it.
  for (const text of createStatements(manifest.entities)) await client.query({ text, queryMode: 'extended' } as pg.QueryConfig)
  return readStructure(client, schema)
}

/** The tables of entities, made in the first schema of the search path. */
export function createStatements(entities: readonly EntityDeclaration[]): string[] {
  const nothing = { tables: [], aside: [] }
  return planMigration({ before: nothing, tables: tablesOf(entities), release: '0.0.0', renames: [], backfills: new Map(), afterSteps: false }).script.up
}

function refuseMissingTargets({ id, entities }: Pick<PluginManifest, 'id' | 'entities'>): void {
  const names = new Set(entities.map(({ name }) => name))
  for (const { entity } of entities.flatMap(({ fields }) => Object.values(fields))) {
    if (entity !== undefined && !entity.includes('/') && !names.has(entity)) throw new OpsFluxError('validation-failed', `${id} refers to an entity "${entity}" it does not declare.`)
  }
}

function rulesOf(entities: readonly EntityDeclaration[]): ReadonlyMap<string, DriftRules> {
  const indexed = ({ fields }: EntityDeclaration): string[] => Object.entries(fields).filter(([, { index }]) => index === true).map(([field]) => snakeCase(field))
  return new Map(entities.map((entity) => [snakeCase(entity.name), { isOld: entity.features === undefined, indexed: new Set(indexed(entity)) }]))
}

const strict: DriftRules = { isOld: false, indexed: new Set() }

function differences(schema: string, wanted: Map<string, TableStructure>, found: Map<string, TableStructure>, rules: ReadonlyMap<string, DriftRules>): string[] {
  const placeOf = (table: string): string => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  const missing = [...wanted.values()].flatMap((table) => {
    const existing = found.get(table.name)
    if (!existing) return [`create table ${placeOf(table.name)} (${table.columns.map(({ name }) => quoteIdentifier(name)).join(', ')})`]
    return tableDrift({ wanted: table, found: existing }, rules.get(table.name) ?? strict)
      .map((statement) => (statement.includes(' on %table ') ? statement.replace('%table', placeOf(table.name)) : `alter table ${placeOf(table.name)} ${statement}`))
  })
  const unwanted = [...found.keys()].filter((table) => !wanted.has(table) && !isKeptTable(table))
  return [...missing, ...unwanted.map((table) => `drop table ${placeOf(table)}`)]
}
