import { operatorNames, OpsFluxError, type Json } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import type { Column, ColumnKind } from './columns.ts'
import type { EntityWhere } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { expectation, isComparable } from './values.ts'

export type OperatorName = (typeof operatorNames)[number]
export type Condition = RawBuilder<boolean>

const maxConditions = 50
const maxListValues = 1_000
const maxTextLength = 20_000
const ordered: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['id', 'revision', 'string', 'text', 'integer', 'decimal', 'date', 'datetime'])

export function invalidRequest(detail: string): OpsFluxError {
  return new OpsFluxError('invalid-request', detail)
}

/** The column of a field. @throws invalid-request */
export function columnOf(entity: ReleaseEntity, field: string): Column {
  const column = entity.columns.get(field)
  if (!column) throw invalidRequest(`${entity.name} has no field "${field.slice(0, 100)}". It has ${[...entity.columns.keys()].join(', ')}.`)
  return column
}

/**
 * The tests of a `where` as SQL. `ne` and `nin` also answer records without a value.
 * @throws invalid-request naming the field or operator that cannot be used
 */
export function conditionsOf(entity: ReleaseEntity, where: EntityWhere | undefined): Condition[] {
  if (where === undefined) return []
  if (!isObject(where)) throw invalidRequest('"where" must be an object of tests by field.')
  const conditions = Object.entries(where).flatMap(([field, test]) => {
    const column = columnOf(entity, field)
    if (test === null) return [sql<boolean>`${column.ref} is null`]
    return (isObject(test) ? Object.entries(test) : [['eq', test] as const]).map(([operator, operand]) => conditionOf(column, operator, operand))
  })
  if (conditions.length > maxConditions) throw invalidRequest(`A query takes at most ${maxConditions} conditions.`)
  return conditions
}

export function isOperatorName(name: string): name is OperatorName {
  return (operatorNames as readonly string[]).includes(name)
}

function conditionOf(column: Column, operator: string, operand: Json): Condition {
  if (!isOperatorName(operator)) throw invalidRequest(`There is no operator "${operator.slice(0, 100)}". Use one of ${operatorNames.join(', ')}.`)
  const { ref } = column
  switch (operator) {
    case 'null': return nullness(column, operand)
    case 'contains': return contains(column, operand)
    case 'eq': return operand === null ? sql<boolean>`${ref} is null` : sql<boolean>`${ref} = ${comparable(column, operator, operand)}`
    case 'ne': return operand === null ? sql<boolean>`${ref} is not null` : sql<boolean>`${ref} is distinct from ${comparable(column, operator, operand)}`
    case 'in': return sql<boolean>`${ref} = any(${comparableList(column, operator, operand)})`
    case 'nin': return sql<boolean>`(${ref} <> all(${comparableList(column, operator, operand)}) or ${ref} is null)`
    case 'lt': return sql<boolean>`${ref} < ${rankable(column, operator, operand)}`
    case 'lte': return sql<boolean>`${ref} <= ${rankable(column, operator, operand)}`
    case 'gt': return sql<boolean>`${ref} > ${rankable(column, operator, operand)}`
    case 'gte': return sql<boolean>`${ref} >= ${rankable(column, operator, operand)}`
  }
}

function nullness(column: Column, operand: Json): Condition {
  if (typeof operand !== 'boolean') throw invalidRequest(`"null" on ${column.field} takes true or false.`)
  return operand ? sql<boolean>`${column.ref} is null` : sql<boolean>`${column.ref} is not null`
}

function contains(column: Column, operand: Json): Condition {
  if (column.kind !== 'string' && column.kind !== 'text') throw invalidRequest(`"contains" is for text; ${column.field} is ${column.kind}.`)
  if (typeof operand !== 'string' || !isComparable(column, operand) || operand.length > maxTextLength) throw invalidRequest(`"contains" on ${column.field} takes text.`)
  return containsText(column, operand)
}

/** Whether the text occurs, whatever its case. */
export function containsText(column: Column, text: string): Condition {
  return sql<boolean>`${column.ref} ilike ${`%${text.replace(/[\\%_]/g, '\\$&')}%`}::text`
}

function comparable(column: Column, operator: OperatorName, operand: Json): RawBuilder<unknown> {
  if (!isComparable(column, operand) || String(operand).length > maxTextLength) throw invalidRequest(`"${operator}" on ${column.field} takes ${expectation(column)}.`)
  return sql`${operand}::${column.type}`
}

function comparableList(column: Column, operator: OperatorName, operand: Json): RawBuilder<unknown> {
  if (!Array.isArray(operand)) throw invalidRequest(`"${operator}" on ${column.field} takes a list.`)
  if (operand.length > maxListValues) throw invalidRequest(`"${operator}" on ${column.field} takes at most ${maxListValues} values.`)
  const wrong = operand.some((value) => !isComparable(column, value) || String(value).length > maxTextLength)
  if (wrong) throw invalidRequest(`Each value of "${operator}" on ${column.field} must be ${expectation(column)}.`)
  return sql`${operand}::${column.type}[]`
}

function rankable(column: Column, operator: OperatorName, operand: Json): RawBuilder<unknown> {
  if (!ordered.has(column.kind)) throw invalidRequest(`"${operator}" cannot be used on ${column.field}, which is ${column.kind}. Use eq, ne, in or nin.`)
  return comparable(column, operator, operand)
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
