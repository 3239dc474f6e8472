import { randomUUID } from 'node:crypto'
import type { Column, Table } from '@opsflux/migrations/generate'
import pg from 'pg'

export interface Seeded {
  rows: number
  /** Tables that no generated row was accepted in, for a check of the plugin's own. */
  empty: string[]
}

/** Rows of each table and tenant. */
const variants = 8
const tenants = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'] as const

/**
 * Writes rows with values at the edges of each type, for two tenants: the smallest, the largest, the longest, letters of several bytes, and none.
 * What a check or a unique key of the plugin refuses is left out.
 */
export async function seed(client: pg.Client, tables: readonly Table[]): Promise<Seeded> {
  const ids = new Map<string, string[]>()
  let rows = 0
  for (const tenant of tenants) {
    for (let variant = 0; variant < variants; variant += 1) {
      for (const table of parentsFirst(tables)) rows += Number(await insert(client, table, { tenant, variant, ids }))
    }
  }
  return { rows, empty: tables.filter(({ name }) => tenants.every((tenant) => !ids.has(`${name} ${tenant}`))).map(({ name }) => name) }
}

interface Place { tenant: string; variant: number; ids: Map<string, string[]> }

async function insert(client: pg.Client, table: Table, place: Place): Promise<boolean> {
  const columns = table.columns.filter(({ generated }) => generated === undefined)
  const id = randomUUID()
  const values = columns.map((column) => valueOf(table, column, place, id))
  if (values.some((value, at) => value === undefined && columns[at]?.notNull === true)) return false
  const names = columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  const places = columns.map(({ type }, at) => `$${at + 1}::text::${type}`).join(', ')
  try {
    await client.query(`insert into ${pg.escapeIdentifier(table.name)} (${names}) values (${places})`, values.map((value) => value ?? null))
  } catch (error) {
    // 22: a value the plugin's own expressions cannot take. 23: a check, a key.
    if (error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '')) return false
    throw error
  }
  const key = `${table.name} ${place.tenant}`
  place.ids.set(key, [...place.ids.get(key) ?? [], id])
  return true
}

function valueOf(table: Table, column: Column, { tenant, variant, ids }: Place, id: string): string | undefined {
  switch (column.name) {
    case 'id': return id
    case 'tenant_id': return tenant
    case 'revision': case 'position': return String(variant + 1)
    default:
  }
  const target = table.constraints.find(({ references, columns }) => references !== undefined && columns.includes(column.name))?.references
  const isEmpty = !column.notNull && variant === 0
  if (target !== undefined) return isEmpty ? undefined : ids.get(`${target} ${tenant}`)?.at(-1)
  // In the bin: a few.
  if (isEmpty || (column.name.startsWith('deleted_') && variant % 4 !== 3)) return undefined
  return column.values === undefined ? edgeOf(column, variant) : column.values[variant % column.values.length]
}

const longest = 2 ** 53 - 1

function edgeOf({ name, type }: Column, variant: number): string {
  const size = Number(/\((\d+)/.exec(type)?.[1] ?? 300)
  if (type.startsWith('numeric')) return numberOf(type, variant)
  if (type.startsWith('varchar') || type === 'text') return name.endsWith('_zone') ? 'Africa/Libreville' : textOf(size, variant)
  const list = edges[type] ?? [randomUUID()]
  return list[variant % list.length] ?? ''
}

function textOf(size: number, variant: number): string {
  const texts = [`é😀'"\\%_${variant}`, 'x'.repeat(size - 1), '1', ' ', '2024-02-29', 'true', `-${variant}`, `Ü${'ü'.repeat(size - 3)}${variant}`]
  return (texts[variant] ?? '').slice(0, size)
}

function numberOf(type: string, variant: number): string {
  const [, precision = '18', scale = '0'] = /\((\d+),(\d+)\)/.exec(type) ?? []
  const most = `${'9'.repeat(Number(precision) - Number(scale)) || '0'}.${'9'.repeat(Number(scale)) || '0'}`
  return [`${variant}`, most, `-${most}`, '0', '0.5'][variant % 5] ?? '0'
}

const edges: Record<string, readonly string[]> = {
  bigint: ['1', String(longest), String(-longest), '0', '42', '-1', '7', '8'], integer: ['1', '2'], boolean: ['true', 'false'],
  date: ['2024-02-29', '0001-01-01', '9999-12-31', '1970-01-01'], timestamptz: ['2024-02-29T23:59:59.999999Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z'],
  jsonb: ['{}', '{"a": [1, "é", null, {"b": 1e20}]}', '[]', '"text"', '12', 'null'], tstzrange: ['[2024-01-01,2024-02-01)', '[2024-01-01,)'],
  'char(3)': ['XAF', 'EUR', 'USD'], 'double precision': ['0', '89.999999', '-89.999999', '12.5'],
}

/** Those that others refer to come before them; in a circle any order does, as one of the references may be empty at first. */
function parentsFirst(tables: readonly Table[]): Table[] {
  const ordered: Table[] = []
  const seen = new Set<string>()
  const visit = (table: Table): void => {
    if (seen.has(table.name)) return
    seen.add(table.name)
    for (const { references } of table.constraints) {
      const parent = tables.find(({ name }) => name === references)
      if (parent) visit(parent)
    }
    ordered.push(table)
  }
  tables.forEach(visit)
  return ordered
}
