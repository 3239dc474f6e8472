import type { TableChange } from '@opsflux/sdk'
import type pg from 'pg'
import { quoteIdentifier } from '../database/roles.ts'
import { isKeptTable } from './names.ts'

/** The shape of the tables of a schema at one moment of a transaction. */
export type Shapes = Map<string, { shape: string; written: number; rows: number }>

/** Reads columns, constraints and indexes of every table but the `kept_` ones, and the rows written in this transaction. */
export async function readShapes(client: pg.Client, schema: string): Promise<Shapes> {
  const { rows } = await client.query<{ name: string; shape: string; written: number }>(`
    select c.relname as name, coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0)::float8 as written, md5(concat_ws(';',
      (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), ',' order by a.attname)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      (select string_agg(o.conname || pg_get_constraintdef(o.oid), ',' order by o.conname) from pg_constraint o where o.conrelid = c.oid),
      (select string_agg(pg_get_indexdef(i.indexrelid), ',' order by i.indexrelid::regclass::text) from pg_index i where i.indrelid = c.oid))) as shape
    from pg_class c left join pg_stat_xact_user_tables s on s.relid = c.oid
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.relname`, [quoteIdentifier(schema)])
  const shapes: Shapes = new Map()
  for (const { name, shape, written } of rows) {
    if (!isKeptTable(name)) shapes.set(name, { shape, written, rows: await countRows(client, schema, name) })
  }
  return shapes
}

export async function countRows(client: pg.Client, schema: string, table: string): Promise<number> {
  const { rows: [row] } = await client.query<{ rows: number }>(`select count(*)::float8 as rows from ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`)
  return row?.rows ?? 0
}

/** By table name; a table that was put aside or taken back counts as dropped or created, with all its rows. */
export function compareShapes(before: Shapes, after: Shapes): TableChange[] {
  const changes: TableChange[] = []
  for (const [table, is] of after) {
    const was = before.get(table)
    if (was === undefined) changes.push({ table, change: 'created', rowsTouched: is.rows })
    else if (was.shape !== is.shape || is.written > was.written) changes.push({ table, change: 'altered', rowsTouched: Math.max(0, is.written - was.written) })
  }
  for (const [table, was] of before) {
    if (!after.has(table)) changes.push({ table, change: 'dropped', rowsTouched: was.rows })
  }
  return changes.toSorted((a, b) => a.table.localeCompare(b.table, 'en'))
}
