import type pg from 'pg'
import { quoteIdentifier } from '../database/roles.ts'

/** What PostgreSQL knows of a table, in its own words: the same declaration reads the same in every schema. */
export interface TableStructure {
  name: string
  columns: ColumnStructure[]
  constraints: ConstraintStructure[]
  indexes: IndexStructure[]
}

export interface ColumnStructure {
  name: string
  type: string
  notNull: boolean
  /** Expression of a generated column. */
  generated: string | null
  hasDefault: boolean
}

export interface ConstraintStructure {
  name: string
  kind: 'check' | 'foreign key' | 'primary key'
  columns: string[]
  definition: string
}

/** Of a unique constraint too. */
export interface IndexStructure {
  name: string
  columns: string[]
  isUnique: boolean
  method: string
  where: string | null
}

/** Tables by name. Definitions leave the schema's own name out. Runs in a transaction, whose `search_path` it sets. */
export async function readStructure(client: pg.PoolClient, schema: string): Promise<Map<string, TableStructure>> {
  await client.query(`set local search_path to ${quoteIdentifier(schema)}`)
  const { rows } = await client.query<TableStructure>(`
    select relation.relname as name,
      (select coalesce(json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'notNull', attnotnull, 'hasDefault', atthasdef,
          'generated', case when attgenerated <> '' then (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum) end) order by attnum), '[]')
        from pg_attribute where attrelid = relation.oid and attnum > 0 and not attisdropped) as columns,
      (select coalesce(json_agg(json_build_object('name', conname, 'kind', case contype when 'c' then 'check' when 'f' then 'foreign key' else 'primary key' end, 'definition', pg_get_constraintdef(held.oid),
          'columns', (select coalesce(json_agg(attname order by place), '[]') from unnest(conkey) with ordinality as key (number, place) join pg_attribute on attrelid = conrelid and attnum = key.number)) order by conname), '[]')
        from pg_constraint as held where conrelid = relation.oid and contype in ('c', 'f', 'p')) as constraints,
      (select coalesce(json_agg(json_build_object('name', named.relname, 'isUnique', indisunique, 'method', amname, 'where', pg_get_expr(indpred, indrelid),
          'columns', (select json_agg(pg_get_indexdef(indexrelid, place, true) order by place) from generate_series(1, indnkeyatts) as place)) order by named.relname), '[]')
        from pg_index join pg_class as named on named.oid = indexrelid join pg_am on pg_am.oid = named.relam where indrelid = relation.oid and indisvalid) as indexes
    from pg_class as relation where relation.relnamespace = to_regnamespace($1) and relation.relkind in ('r', 'p') order by relation.relname`, [quoteIdentifier(schema)])
  return new Map(rows.map((table) => [table.name, table]))
}
