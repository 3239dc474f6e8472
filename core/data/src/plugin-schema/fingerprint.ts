import type { WayBack } from '@opsflux/sdk'
import type pg from 'pg'
import { quoteIdentifier } from '../database/roles.ts'
import { isDroppedColumn, isKeptTable } from './names.ts'

/** What is in the tables of a schema, whatever the order of the rows: by table, the number of rows and a hash per column. */
export type Fingerprint = Map<string, { rows: string; columns: Map<string, string> }>

interface Column {
  table: string
  name: string
  type: string
  inKey: boolean
}

/** Reads every row of every table, without what was put aside: tables `kept_…`, columns `dropped_…`. */
export async function takeFingerprint(client: pg.Client, schema: string): Promise<Fingerprint> {
  const { rows: columns } = await client.query<Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as type,
      coalesce(a.attnum = any (k.conkey), false) as "inKey"
    from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.relname, a.attname`, [quoteIdentifier(schema)])
  const result: Fingerprint = new Map()
  for (const [table, list] of Map.groupBy(columns.filter(({ name }) => !isDroppedColumn(name)), (column) => column.table)) {
    if (!isKeptTable(table)) result.set(table, await ofTable(client, `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`, list))
  }
  return result
}

// A value is hashed with the key of its row, so that exchanged values are noticed; the sum does not depend on the order.
async function ofTable(client: pg.Client, table: string, columns: readonly Column[]): Promise<{ rows: string; columns: Map<string, string> }> {
  const key = columns.filter((column) => column.inKey).map((column) => `${quoteIdentifier(column.name)}::text`).join(", '|', ")
  const hash = ({ name }: Column): string => `coalesce(sum(hashtextextended(concat(${key === '' ? '' : `${key}, `}'=', coalesce('=' || ${quoteIdentifier(name)}::text, '')), 7)::numeric), 0)::text`
  const { rows: [row = []] } = await client.query<string[]>({ text: `select ${['count(*)::text', ...columns.map(hash)].join(', ')} from ${table}`, rowMode: 'array' })
  const [rows = '0', ...hashes] = row
  return { rows, columns: new Map(columns.map(({ name, type }, index) => [name, `${type} ${hashes[index] ?? ''}`])) }
}

/** `table` or `table.column` of what was there before and is not, or not the same, after. */
export function findLosses(before: Fingerprint, after: Fingerprint): WayBack['lost'] {
  return [...before].flatMap(([table, was]) => {
    const is = after.get(table)
    if (is === undefined || is.rows !== was.rows) return [table]
    return [...was.columns].filter(([column, hash]) => is.columns.get(column) !== hash).map(([column]) => `${table}.${column}`)
  })
}
