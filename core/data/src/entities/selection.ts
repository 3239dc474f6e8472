import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { invalidRequest } from './invalid-request.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** Some columns of an entity, to be selected and written as JSON. */
export interface Selection {
  columns: readonly Column[]
  sql: Sql
}

const always = ['id', 'revision']
const selections = new WeakMap<ReleaseEntity, Map<string, Selection>>()
/** Shapes of one entity that are kept; callers combine fields as they like. */
const maxKept = 100

/**
 * @param fields those asked for, beside id and revision; default all
 * @throws invalid-request naming a field that there is not
 */
export function selectionOf(entity: ReleaseEntity, fields?: readonly string[]): Selection {
  const kept = selections.get(entity) ?? new Map<string, Selection>()
  selections.set(entity, kept)
  const key = fields === undefined ? '' : namesOf(entity, fields).join()
  const known = kept.get(key)
  if (known) return known
  const names = key === '' ? undefined : new Set(key.split(','))
  const columns = entity.list.filter(({ field }) => names === undefined || names.has(field))
  const made = { columns, sql: sql.raw(columns.map(({ selection }) => selection).join(', ')) }
  if (kept.size < maxKept) kept.set(key, made)
  return made
}

function namesOf(entity: ReleaseEntity, fields: readonly string[]): string[] {
  if (!Array.isArray(fields)) throw invalidRequest('"fields" takes names of fields.')
  const unknown = fields.find((field) => !entity.list.some((column) => column.field === field))
  if (unknown !== undefined) throw invalidRequest(`${entity.name} has no field "${String(unknown).slice(0, 100)}". It has ${entity.list.map(({ field }) => field).join(', ')}.`)
  return [...new Set([...always, ...fields])].toSorted()
}

const seen = new WeakMap<ReadonlySet<string>, WeakMap<ReleaseEntity, ReleaseEntity>>()

/** The entity as a user sees it who may read these fields: the others cannot be asked for, filtered or sorted by. */
export function seenBy(entity: ReleaseEntity, readable: ReadonlySet<string>): ReleaseEntity {
  if (entity.list.every(({ field }) => readable.has(field))) return entity
  const known = seen.get(readable) ?? new WeakMap<ReleaseEntity, ReleaseEntity>()
  seen.set(readable, known)
  const made = known.get(entity) ?? { ...entity, list: entity.list.filter(({ field }) => readable.has(field)), columns: new Map([...entity.columns].filter(([field]) => readable.has(field.split('.')[0] ?? ''))) }
  known.set(entity, made)
  return made
}
