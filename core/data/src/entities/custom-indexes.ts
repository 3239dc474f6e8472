import { OpsFluxError, type CustomField } from '@opsflux/sdk'
import type pg from 'pg'
import type { Database } from '../database/index.ts'
import { quoteIdentifier } from '../database/roles.ts'
import { ownerOf, schemaOf } from '../plugin-schema/names.ts'
import { asOwner } from '../plugin-schema/owner-connection.ts'
import { tryStepLock } from '../plugin-schema/step-lock.ts'
import { snakeCase } from './columns.ts'
import { customExpression } from './custom-columns.ts'
import { isUuid } from './uuid.ts'

/** The index of one custom field: of its tenant's rows alone. */
export interface CustomIndex extends Pick<CustomField, 'id' | 'pluginId' | 'entity' | 'name' | 'kind'> {
  tenantId: string
}

/** `cf_` and the id of the field; such names are the host's. */
export const customIndexName = (fieldId: string): string => `cf_${fieldId.replaceAll('-', '')}`
const namePattern = '^cf_[0-9a-f]{32}$'

/** The indexes of custom fields in a plugin's schema, and whether they serve; one that was left half-built does not. */
export async function customIndexesOf(database: Database, pluginId: string): Promise<ReadonlyMap<string, boolean>> {
  const { rows } = await database.admin.query<{ name: string; valid: boolean }>(
    `select c.relname as name, i.indisvalid and i.indisready as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relnamespace = to_regnamespace($1) and c.relname ~ $2`, [quoteIdentifier(schemaOf(pluginId)), namePattern])
  return new Map(rows.map(({ name, valid }) => [name, valid]))
}

/**
 * Makes the index without stopping writes, unless it serves already; one left half-built is made again. A change of the module ends it:
 * then it is to be asked for again. False when the entity has no table.
 * @throws operation-in-progress while something else works on the plugin's tables; the database's errors
 */
export async function makeCustomIndex(database: Database, index: CustomIndex, signal?: AbortSignal): Promise<boolean> {
  const name = customIndexName(index.id)
  return onOwnerConnection(database, index.pluginId, signal, async (client) => {
    const table = `${quoteIdentifier(schemaOf(index.pluginId))}.${quoteIdentifier(snakeCase(index.entity))}`
    const { rows: [found] } = await client.query<{ hasTable: boolean; valid: boolean | null }>(
      `select to_regclass($1) is not null as "hasTable", (select indisvalid and indisready from pg_index where indexrelid = to_regclass($2)) as valid`, [table, quoteIdentifier(name)])
    if (found?.hasTable !== true) return false
    if (found.valid === true) return true
    if (found.valid === false) await client.query(`drop index concurrently if exists ${quoteIdentifier(name)}`)
    await client.query(`create index concurrently ${quoteIdentifier(name)} on ${table} ${definitionOf(index)}`)
    await countValues(client, index, table)
    return true
  })
}

/** @throws operation-in-progress; the database's errors */
export async function dropCustomIndex(database: Database, pluginId: string, name: string, signal?: AbortSignal): Promise<void> {
  if (!new RegExp(namePattern).test(name)) throw new Error(`"${name}" is not the index of a custom field.`)
  await onOwnerConnection(database, pluginId, signal, async (client) => {
    await client.query(`drop statistics if exists ${quoteIdentifier(name)}`)
    await client.query(`drop index concurrently if exists ${quoteIdentifier(name)}`)
  })
}

// PostgreSQL takes no statistics from the index of a part of a table: without these it would think that a third of all records are before any day.
async function countValues(client: pg.Client, index: CustomIndex, table: string): Promise<void> {
  await client.query(`create statistics if not exists ${quoteIdentifier(customIndexName(index.id))} on (${customExpression(index, '')}) from ${table}`)
  await client.query(`analyze ${table} (custom)`)
}

// The tenant stands in it in so many words, as in the queries it serves: else PostgreSQL could not tell that it holds all their rows.
function definitionOf({ tenantId, ...field }: CustomIndex): string {
  if (!isUuid(tenantId)) throw new Error('A tenant has a UUID.')
  return `(tenant_id, (${customExpression(field, '')}), id) where tenant_id = '${tenantId}'::uuid`
}

// Never waits for its turn: whoever waits in a statement holds a snapshot, for whose end `create index concurrently` waits in turn.
// A change of the module takes the same lock, and ends the session that has it.
function onOwnerConnection<T>(database: Database, pluginId: string, signal: AbortSignal | undefined, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return asOwner(database.roleUrl(ownerOf(pluginId)), schemaOf(pluginId), async (client) => {
    if (signal?.aborted || !(await tryStepLock(client, pluginId))) throw new OpsFluxError('operation-in-progress', `The tables of the module ${pluginId} are being worked on. The index waits for its turn.`)
    // However many rows there are; it waits for transactions that are older than itself.
    await client.query("set statement_timeout = 0; set lock_timeout = '60s'")
    const { rows: [row] } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const cancel = (): void => void database.admin.query('select pg_cancel_backend($1)', [row?.pid]).catch(() => undefined)
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await work(client)
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  })
}
