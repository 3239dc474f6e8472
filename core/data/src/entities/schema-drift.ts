import { DatabaseSchema, MikroORM, SchemaComparator, type SchemaDifference, type TableDifference } from '@mikro-orm/postgresql'
import type { PluginManifest } from '@opsflux/sdk'
import { Kysely, PostgresDialect } from 'kysely'
import type { Database, Tables } from '../database/index.ts'
import { schemaOf } from '../plugin-schema/names.ts'
import { entitySchemas } from './entity-schemas.ts'

/**
 * The SQL statements still missing between the migrated schema of a plugin and the entities it declares; none when they agree.
 * Compares tables, columns, types, whether null is allowed, enum values, references, and the indexes of `unique` and `index` fields.
 * Defaults, names of constraints, further indexes and checks, row-level security and tables `kept_…` are free.
 * Takes the administrator's role to own the schema or be a superuser; for tests and checks before a release, not for requests.
 */
export async function schemaDrift(database: Database, manifest: PluginManifest): Promise<string[]> {
  const schema = schemaOf(manifest.id)
  // The roles of requests do not see the checks of tables they do not own.
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: database.admin }) })
  const orm = new MikroORM({ entities: entitySchemas(manifest, schema), dbName: database.orm.config.get('dbName') ?? '', driverOptions: kysely, discovery: { warnWhenNoEntities: false } })
  const platform = orm.em.getPlatform()
  const migrated = await DatabaseSchema.create(orm.em.getConnection(), platform, orm.config, schema, [schema], undefined, [/^kept_/])
  const difference = new SchemaComparator(platform).compare(migrated, orm.schema.getTargetSchema(schema))
  keepSchema(difference, schema)
  keepWhatMatters(difference)
  return orm.schema.diffToSQL(difference, { wrap: false, dropTables: true, schema }).split(/;\s*\n/).map((statement) => statement.trim()).filter((statement) => statement !== '')
}

// The comparison reads every schema of the database, and would drop the others.
function keepSchema(difference: SchemaDifference, schema: string): void {
  difference.removedTables = without(difference.removedTables, (table) => table.schema !== schema)
  difference.orphanedForeignKeys = difference.orphanedForeignKeys.filter((key) => key.localTableName.startsWith(`${schema}.`))
  Object.assign(difference, { removedNamespaces: new Set(), removedViews: {}, removedRoutines: {}, removedNativeEnums: [] })
}

// Takes out of the difference what a migration is free to do its own way.
function keepWhatMatters(difference: SchemaDifference): void {
  for (const table of Object.values(difference.changedTables)) {
    for (const [name, column] of Object.entries(table.changedColumns)) {
      const changed = column.changedProperties
      for (const free of ['default', 'comment', 'autoincrement', ...(userColumns.has(name) ? ['nullable'] : [])]) changed.delete(free)
      if (changed.size === 0) delete table.changedColumns[name]
    }
    keepMissingReferences(table)
    keepMissingIndexes(table)
    // Without a check the host alone sees to the states.
    if (!Object.keys(table.fromTable.getColumn('state')?.enumItems ?? {}).length) table.addedChecks = without(table.addedChecks, (check) => check.columnName === 'state')
    Object.assign(table, { removedChecks: {}, removedTriggers: {}, removedPolicies: {}, addedPolicies: {} })
    delete table.changedRlsEnabled
    delete table.changedRlsForced
  }
}

const userColumns: ReadonlySet<string> = new Set(['created_by', 'updated_by'])

function keepMissingReferences(table: TableDifference): void {
  const existing = Object.values(table.fromTable.getForeignKeys())
  table.addedForeignKeys = without(table.addedForeignKeys, (wanted) => existing.some((found) =>
    found.columnNames.join() === wanted.columnNames.join() && found.referencedTableName === wanted.referencedTableName && ['no action', 'restrict', undefined].includes(found.deleteRule)))
  table.removedForeignKeys = without(table.removedForeignKeys, (found) => !Object.values(table.addedForeignKeys).some((wanted) => wanted.columnNames.join() === found.columnNames.join()))
}

function keepMissingIndexes(table: TableDifference): void {
  const existing = table.fromTable.getIndexes().filter((index) => index.where === undefined)
  table.addedIndexes = without(table.addedIndexes, ({ unique, columnNames: [tenant, ...columns] }) => existing.some((found) => {
    const leading = found.columnNames[0] === tenant ? found.columnNames.slice(1) : found.columnNames
    return unique ? found.unique && found.columnNames[0] === tenant && leading.join() === columns.join() : leading[0] === columns[0]
  }))
  Object.assign(table, { removedIndexes: {}, changedIndexes: {}, renamedIndexes: {} })
}

function without<T>(entries: Record<string, T>, unwanted: (entry: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([, entry]) => !unwanted(entry)))
}
