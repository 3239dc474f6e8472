import type pg from 'pg'
import { quoteIdentifier } from '../database/roles.ts'

/** A schema as SQL without schema names, to be made again in it. */
export interface Structure {
  /** Types, sequences, tables. */
  before: string[]
  tables: TableCopy[]
  /** Run once the rows are there: constraints, indexes, views, positions of sequences. */
  after: string[]
}

/** How the rows of a table are put away and brought back: select lists, and the columns they belong to. */
export interface TableCopy {
  name: string
  columns: string
  put: string
  take: string
}

interface Lines {
  sql: string
}

interface Column {
  table: string
  name: string
  type: string
  builtin: boolean
  collation: string | null
  required: boolean
  value: string | null
  /** Generated: `s` stored, `v` virtual. */
  generated: string
  /** Identity: `a` always, `d` by default. */
  identity: string
}

/** Reads the structure from the catalogue; the connection's search path must be the schema. */
export async function readStructure(client: pg.Client, schema: string): Promise<Structure> {
  const lines = async (text: string): Promise<string[]> => (await client.query<Lines>(text, [quoteIdentifier(schema)])).rows.map((row) => row.sql)
  const tables = Map.groupBy(await readColumns(client, schema), (column) => column.table)
  return {
    before: [...(await lines(enums)), ...(await lines(sequences)), ...[...tables].map(([name, columns]) => createTable(name, columns))],
    tables: [...tables].map(([name, columns]) => copyOf(name, columns)),
    after: [...(await lines(ownedSequences)), ...(await lines(constraints)), ...(await lines(indexes)), ...(await lines(views)), ...(await lines(comments)), ...(await readPositions(client, schema))],
  }
}

async function readColumns(client: pg.Client, schema: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, t.typnamespace = 'pg_catalog'::regnamespace as builtin,
      case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end as collation, a.attnotnull as required,
      pg_get_expr(d.adbin, d.adrelid) as value, a.attgenerated as generated, a.attidentity as identity
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.oid, a.attnum`, [quoteIdentifier(schema)])
  return rows
}

function createTable(name: string, columns: readonly Column[]): string {
  return `create table ${quoteIdentifier(name)} (${columns.map((column) => [
    quoteIdentifier(column.name), column.type, column.collation === null ? '' : `collate ${column.collation}`, valueOf(column), column.required ? 'not null' : '',
  ].filter((part) => part !== '').join(' ')).join(', ')})`
}

function valueOf({ generated, identity, value }: Column): string {
  if (generated !== '') return `generated always as (${value ?? 'null'}) ${generated === 's' ? 'stored' : 'virtual'}`
  if (identity !== '') return `generated ${identity === 'a' ? 'always' : 'by default'} as identity`
  return value === null ? '' : `default ${value}`
}

// Values of the schema's own types are put away as text: a restore point must not hold on to the type.
function copyOf(name: string, columns: readonly Column[]): TableCopy {
  const kept = columns.filter((column) => column.generated === '')
  const list = (of: (column: Column, quoted: string) => string): string => kept.map((column) => of(column, quoteIdentifier(column.name))).join(', ')
  return {
    name,
    columns: list((_, quoted) => quoted),
    put: list(({ builtin }, quoted) => (builtin ? quoted : `${quoted}::text as ${quoted}`)),
    take: list(({ builtin, type }, quoted) => (builtin ? quoted : `${quoted}::${type}`)),
  }
}

// The last number given out is not part of any definition.
async function readPositions(client: pg.Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ target: string; name: string }>(`
    select c.relname as name, coalesce((select format('pg_get_serial_sequence(%L, %L)', quote_ident(t.relname), a.attname)
      from pg_depend d join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i'), format('%L', quote_ident(c.relname))) as target
    from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'S' order by c.relname`, [quoteIdentifier(schema)])
  const positions: string[] = []
  for (const { target, name } of rows) {
    const { rows: [at] } = await client.query<{ sql: string }>(`select format('select setval(%s, %s, %L)', $1::text, last_value, is_called) as sql from ${quoteIdentifier(name)}`, [target])
    if (at !== undefined) positions.push(at.sql)
  }
  return positions
}

const enums = `
  select format('create type %I as enum (%s)', t.typname, (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)) as sql
  from pg_type t where t.typnamespace = $1::regnamespace and t.typtype = 'e' order by t.oid`

// Those of identity columns (dependency "i") come with their table.
const sequences = `
  select format('create sequence %I as %s increment %s minvalue %s maxvalue %s start %s cache %s %s', c.relname, format_type(s.seqtypid, null),
    s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, case when s.seqcycle then 'cycle' else 'no cycle' end) as sql
  from pg_sequence s join pg_class c on c.oid = s.seqrelid
  where c.relnamespace = $1::regnamespace and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i') order by c.oid`

const ownedSequences = `
  select format('alter sequence %I owned by %I.%I', c.relname, t.relname, a.attname) as sql
  from pg_class c join pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'a' and d.refobjsubid > 0
    join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
  where c.relnamespace = $1::regnamespace and c.relkind = 'S' order by c.oid`

// Keys before the foreign keys that need them.
const constraints = `
  select format('alter table %I add constraint %I %s', c.relname, o.conname, pg_get_constraintdef(o.oid)) as sql
  from pg_constraint o join pg_class c on c.oid = o.conrelid
  where o.connamespace = $1::regnamespace and c.relkind = 'r' and o.contype in ('p', 'u', 'c', 'x', 'f') order by o.contype = 'f', o.oid`

// One that is being made, or was left half-made, is made again by the step that makes it; one of a custom field is made again by itself.
const indexes = `
  select pg_get_indexdef(i.indexrelid) as sql from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace = $1::regnamespace and i.indisvalid and c.relname !~ '^cf_[0-9a-f]{32}$' and not exists (select from pg_constraint o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x')) order by c.oid`

const views = `
  select format('create view %I as %s', c.relname, pg_get_viewdef(c.oid)) as sql from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'v' order by c.oid`

const comments = `
  select format('comment on %s %s is %L', case when d.objsubid > 0 then 'column' when c.relkind = 'v' then 'view' else 'table' end,
    concat_ws('.', quote_ident(c.relname), (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = nullif(d.objsubid, 0))), d.description) as sql
  from pg_description d join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v') order by 1`
