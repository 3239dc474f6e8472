import { OpsFluxError, fieldKinds, type EntityDeclaration, type FieldDeclaration, type Json } from '@opsflux/sdk'
import type { TextRow } from '../database/batch.ts'
import { makeColumn, type Column } from './kinds/column.ts'
import { jsonTraits, kindColumn, sqlNamesOf } from './kinds/kind-columns.ts'
import { bare, instantJson, quoted } from './kinds/json-texts.ts'
import type { Sealer } from './sealer.ts'

export { snakeCase } from './kinds/column.ts'
export type { Column, ColumnKind, ColumnWrite } from './kinds/column.ts'

const namePattern = /^[a-z][a-zA-Z0-9]{0,49}$/
const hostColumns = ['id', 'tenant_id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'state']
/** Taken from plugins that declare features; those built before may have such columns of their own. */
const featureColumns = ['deleted_at', 'deleted_by', 'custom', 'search_vector']

/**
 * The columns of an entity by field name, in the order records show them.
 * @param sealer of `encrypted` fields; without one they cannot be read or written
 * @throws package-refused for names and kinds that could reach the columns of the host
 */
export function columnsOf(declaration: EntityDeclaration, pluginId: string, sealer?: Sealer): ReadonlyMap<string, Column> {
  refuseBadNames(declaration)
  const declared = Object.entries(declaration.fields).map(([field, one]) => kindColumn({ field, declaration: one, entity: declaration.name, pluginId, sealer }))
  return new Map([...hostColumnsOf(declaration), ...declared].map((one) => [one.field, one]))
}

function hostColumnsOf({ states, features }: EntityDeclaration): Column[] {
  const host = { isWritable: false }
  const instant = (field: string): Column => makeColumn(field, 'datetime', { ...host, type: 'timestamptz', json: instantJson })
  const user = (field: string): Column => makeColumn(field, 'user', { ...host, type: 'uuid', json: quoted })
  return [
    makeColumn('id', 'id', { ...host, type: 'uuid', json: quoted }), makeColumn('revision', 'revision', { ...host, type: 'bigint', json: bare }),
    instant('createdAt'), user('createdBy'), instant('updatedAt'), user('updatedBy'),
    ...(features?.softDelete === true ? [instant('deletedAt'), user('deletedBy')] : []),
    ...(features?.customFields === true ? [makeColumn('custom', 'json', jsonTraits('custom'))] : []),
    ...(states ? [makeColumn('state', 'state', host)] : []),
  ]
}

function refuseBadNames({ name, fields, features }: EntityDeclaration): void {
  const seen = new Set([...hostColumns, ...(features ? featureColumns : [])])
  for (const [field, declaration] of Object.entries(fields)) {
    const isKnown = (fieldKinds as readonly string[]).includes(declaration.kind)
    const columns = isKnown ? sqlNamesOf(field, declaration) : []
    if (!namePattern.test(name) || !namePattern.test(field) || !isKnown || columns.some((column) => seen.has(column))) throw refusedField(name, field, declaration)
    for (const column of columns) seen.add(column)
  }
}

function refusedField(name: string, field: string, { kind }: FieldDeclaration): OpsFluxError {
  return new OpsFluxError('package-refused', `The entity "${name}" cannot have a field "${field}" of the kind "${kind}". Names are camelCase, at most 50 characters, and not those of the host's own fields or of another field's columns.`)
}

const writers = new WeakMap<readonly Column[], (row: TextRow) => string>()

/** The record that a row is, as JSON text. The row begins with the selections of the columns, in their order. */
export function rowToJson(columns: readonly Column[], row: TextRow): string {
  const known = writers.get(columns)
  if (known) return known(row)
  const made = writerOf(columns)
  writers.set(columns, made)
  return made(row)
}

function writerOf(columns: readonly Column[]): (row: TextRow) => string {
  const names = columns.map(({ field }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(field)}:`)
  const ending = columns.length === 0 ? '{}' : '}'
  return (row) => {
    let text = ''
    for (let index = 0; index < columns.length; index++) {
      const value = row[index]
      text += names[index]
      text += value === null || value === undefined ? 'null' : columns[index]?.json(value)
    }
    return text + ending
  }
}

export function rowToRecord(columns: readonly Column[], row: TextRow): { [field: string]: Json } {
  const record: { [field: string]: Json } = {}
  columns.forEach((column, index) => {
    const value = row[index]
    record[column.field] = value === null || value === undefined ? null : column.read(value)
  })
  return record
}
