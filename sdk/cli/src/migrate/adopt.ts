import { schemaOf } from '@opsflux/migrations'
import type { Column, Constraint, Index, Table } from '@opsflux/migrations/generate'
import type pg from 'pg'

interface Found {
  columns: { table: string; name: string; notNull: boolean }[]
  constraints: { table: string; name: string; type: string; columns: string[] }[]
  indexes: { table: string; name: string; unique: boolean; partial: boolean; columns: string[] }[]
}

/** The tables that a manifest leads to expect, as migrations written by hand have made them: what they left out is left out, what they named is called so. */
export async function adopt(client: pg.Client, pluginId: string, expected: readonly Table[]): Promise<Table[]> {
  const found = await readFound(client, schemaOf(pluginId))
  const tables = new Set(found.columns.map(({ table }) => table))
  return expected.filter(({ name }) => tables.has(name)).map((table) => ({
    ...table,
    columns: table.columns.flatMap((column): Column[] => {
      const match = found.columns.find((one) => one.table === table.name && one.name === column.name)
      return match ? [{ ...column, notNull: match.notNull }] : []
    }),
    constraints: table.constraints.flatMap((one) => adoptConstraint(one, found.constraints.filter((match) => match.table === table.name))),
    indexes: table.indexes.flatMap((one) => adoptIndex(one, found.indexes.filter((match) => match.table === table.name))),
  }))
}

function adoptConstraint(one: Constraint, all: Found['constraints']): Constraint[] {
  const same = all.filter(({ type, columns }) => type === (one.references === undefined ? 'c' : 'f') && columns.toSorted().join() === one.columns.toSorted().join())
  const match = same.find(({ name }) => name === one.name) ?? same[0]
  return match ? [{ ...one, name: match.name }] : []
}

function adoptIndex(one: Index, all: Found['indexes']): Index[] {
  const isSame = ({ columns }: Found['indexes'][number]): boolean => columns.join() === one.columns.join()
  const leads = ({ columns }: Found['indexes'][number]): boolean => columns.slice(0, 2).join() === one.columns.slice(0, 2).join()
  const kind = all.filter(({ unique, partial }) => unique === one.unique && partial === (one.where !== undefined))
  const match = kind.find(isSame) ?? (one.unique ? undefined : kind.find(leads))
  return match ? [{ ...one, name: match.name, columns: match.columns }] : []
}

async function readFound(client: pg.Client, schema: string): Promise<Found> {
  const { rows: columns } = await client.query<Found['columns'][number]>(
    `select c.relname as table, a.attname as name, a.attnotnull as "notNull" from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = $1::regnamespace and c.relkind = 'r'`, [schema])
  const { rows: constraints } = await client.query<Found['constraints'][number]>(
    `select c.relname as table, o.conname as name, o.contype::text as type, array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum = any (o.conkey)) as columns
     from pg_constraint o join pg_class c on c.oid = o.conrelid where o.connamespace = $1::regnamespace and o.contype in ('c', 'f') order by o.conname`, [schema])
  // Columns in the order of the index; an expression counts as one that nothing is called like.
  const { rows: indexes } = await client.query<Found['indexes'][number]>(
    `select t.relname as table, c.relname as name, i.indisunique as unique, i.indpred is not null as partial,
       array(select coalesce(a.attname::text, '()') from unnest(i.indkey::int2[]) with ordinality k (number, place) left join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number and k.number > 0 order by k.place) as columns
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid where c.relnamespace = $1::regnamespace and not i.indisprimary order by c.relname`, [schema])
  return { columns, constraints, indexes }
}
