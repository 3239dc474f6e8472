import type pg from 'pg'
import { quoteIdentifier } from '../database/roles.ts'
import { readStructure } from './structure.ts'
import type { Structure } from './structure.ts'

/** Copies every row into the empty schema `target`, of one moment. Answers the structure and the number of rows. */
export async function copyAside(client: pg.Client, schema: string, target: string): Promise<{ structure: Structure; rows: number }> {
  await client.query('begin isolation level repeatable read')
  try {
    const structure = await readStructure(client, schema)
    let rows = 0
    for (const { name, put } of structure.tables) {
      const from = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
      const { rowCount } = await client.query(`create table ${quoteIdentifier(target)}.${quoteIdentifier(name)} as select ${put} from ${from}`)
      rows += rowCount ?? 0
    }
    await client.query('commit')
    return { structure, rows }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Replaces all there is in the schema by what was copied aside, in the open transaction. */
export async function bringBack(client: pg.Client, schema: string, source: string, structure: Structure): Promise<void> {
  await emptySchema(client, schema)
  for (const sql of structure.before) await client.query(sql)
  for (const { name, columns, take } of structure.tables) {
    if (columns === '') continue
    const table = quoteIdentifier(name)
    await client.query(`insert into ${table} (${columns}) overriding system value select ${take} from ${quoteIdentifier(source)}.${table}`)
  }
  for (const sql of structure.after) await client.query(sql)
}

async function emptySchema(client: pg.Client, schema: string): Promise<void> {
  // Tables first: an identity column's sequence goes with its table and cannot be dropped alone.
  const { rows } = await client.query<{ sql: string }>(`
    select array_position(array['r', 'v', 'S'], relkind::text) as rank, format('drop %s if exists %I.%I cascade', case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, $2::text, relname) as sql
      from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v', 'S')
    union all select 9, format('drop type if exists %I.%I cascade', $2::text, typname) from pg_type where typnamespace = $1::regnamespace and typtype = 'e' order by rank`,
  [quoteIdentifier(schema), schema])
  for (const { sql } of rows) await client.query(sql)
}
