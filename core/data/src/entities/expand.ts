import { queryLimits } from '@opsflux/sdk'
import type { TextRow } from '../database/batch.ts'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import { rowToJson, type Column } from './columns.ts'
import { invalidRequest } from './conditions.ts'
import type { Related } from './related.ts'
import type { Actor, EngineParts, Lookup } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { selectionOf } from './selection.ts'

/** What records are expanded with. */
export interface Expanding {
  transaction: DatabaseTransaction
  parts: Pick<EngineParts, 'lookups'>
  actor: Actor
  related: Related
}

interface Tree { [field: string]: Tree }

/** Paths of `expand`, such as `incident.owner`. @throws invalid-request */
export function expansionOf(expand: readonly string[] | undefined): Tree | undefined {
  if (expand === undefined || expand.length === 0) return undefined
  if (!Array.isArray(expand) || expand.length > queryLimits.expanded) throw invalidRequest(`"expand" takes at most ${queryLimits.expanded} fields.`)
  const tree: Tree = {}
  for (const path of expand) {
    const steps = String(path).split('.')
    if (steps.includes('__proto__')) throw invalidRequest('"expand" names "__proto__", which is no field.')
    if (steps.length > queryLimits.pathSteps) throw invalidRequest(`"expand" goes ${queryLimits.pathSteps} steps at most: "${String(path).slice(0, 100)}" is longer.`)
    let at = tree
    for (const step of steps) at = Object.hasOwn(at, step) ? (at[step] ?? {}) : (at[step] = {})
  }
  return tree
}

/** The columns, those to expand writing records where the user may see them; one statement for each. @throws invalid-request */
export async function expandedColumns(expanding: Expanding, entity: ReleaseEntity, columns: readonly Column[], rows: readonly TextRow[], tree: Tree): Promise<readonly Column[]> {
  for (const field of Object.keys(tree)) {
    if (!columns.some((column) => column.field === field)) throw invalidRequest(`"expand" names "${field.slice(0, 100)}", which is not among the fields answered of ${entity.name}.`)
  }
  const expanded: Column[] = []
  for (const [index, column] of columns.entries()) {
    const below = Object.hasOwn(tree, column.field) ? tree[column.field] : undefined
    expanded.push(below === undefined ? column : await expandedColumn(expanding, column, rows.flatMap((row) => row[index] ?? []), below))
  }
  return expanded
}

async function expandedColumn(expanding: Expanding, column: Column, texts: readonly string[], below: Tree): Promise<Column> {
  const ids = [...new Set(column.kind === 'manyToMany' ? texts.flatMap((text) => JSON.parse(text) as string[]) : texts)]
  const found = await recordsOf(expanding, column, ids, below)
  const one = (id: string): string => found.get(id) ?? JSON.stringify(id)
  return { ...column, json: column.kind === 'manyToMany' ? (text) => `[${(JSON.parse(text) as string[]).map(one).join(',')}]` : one }
}

async function recordsOf(expanding: Expanding, column: Column, ids: readonly string[], below: Tree): Promise<ReadonlyMap<string, string>> {
  const { transaction, parts, actor, related } = expanding
  const lookup = column.kind === 'user' || column.kind === 'company' || column.kind === 'department' || column.kind === 'file' ? parts.lookups[column.kind] : undefined
  if (lookup) return named(lookup, transaction, ids, actor)
  const target = column.kind === 'reference' || column.kind === 'manyToMany' ? related.resolve(column.declaration?.entity ?? '') : undefined
  if (column.kind !== 'reference' && column.kind !== 'manyToMany') throw invalidRequest(`${column.field} is ${column.kind}: only references are expanded.`)
  const seen = target && related.seen(target)
  if (!seen || ids.length === 0) return new Map()
  const selection = selectionOf(seen.entity)
  const rows = await transaction.texts(sql`select record.id, ${selection.sql} from ${seen.entity.table} as record where record.id = any(${ids}::uuid[]) and ${seen.condition}`)
  const records = rows.map((row) => row.slice(1))
  const columns = Object.keys(below).length === 0 ? selection.columns : await expandedColumns({ ...expanding, related: related.from(seen.entity) }, seen.entity, selection.columns, records, below)
  return new Map(rows.map(([id], index) => [id ?? '', rowToJson(columns, records[index] ?? [])]))
}

async function named(lookup: Lookup, transaction: DatabaseTransaction, ids: readonly string[], actor: Actor): Promise<ReadonlyMap<string, string>> {
  const names = ids.length === 0 ? new Map<string, string>() : await lookup(transaction, ids, actor)
  return new Map([...names].map(([id, name]) => [id, JSON.stringify({ id, name })]))
}
