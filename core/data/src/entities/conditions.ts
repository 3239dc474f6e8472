import { queryLimits, type Json } from '@opsflux/sdk'
import type { Sql } from '../database/sql.ts'
import type { EntityWhere } from './entity-transaction.ts'
import { columnOf } from './find-column.ts'
import { invalidRequest } from './invalid-request.ts'
import { operatorCondition } from './operators.ts'
import { isPartOfValue } from './values.ts'
import type { Related } from './related.ts'
import { isPath, pathCondition } from './related-paths.ts'
import type { ReleaseEntity } from './release-entities.ts'

export { columnOf } from './find-column.ts'
export { invalidRequest } from './invalid-request.ts'
export { containsText, isOperatorName, type OperatorName } from './operators.ts'
export type { Related } from './related.ts'

export type Condition = Sql

/**
 * The tests of a `where` as SQL over `record`. `ne` and `nin` also answer records without a value; those of a path also records that refer to nothing the user may see.
 * @param related what paths to other entities need; without it there are none
 * @throws invalid-request naming the field or operator that cannot be used
 * @throws forbidden when a path leads to records of which the user may see none
 */
export function conditionsOf(entity: ReleaseEntity, where: EntityWhere | undefined, related?: Related): Condition[] {
  if (where === undefined) return []
  if (!isObject(where)) throw invalidRequest('"where" must be an object of tests by field.')
  const conditions = Object.entries(where).flatMap(([field, test]) => testsOf(test).map(([operator, operand]) => conditionOf(entity, field, operator, operand, related)))
  if (conditions.length > queryLimits.conditions) throw invalidRequest(`A query takes at most ${queryLimits.conditions} conditions.`)
  return conditions
}

function conditionOf(entity: ReleaseEntity, field: string, operator: string, operand: Json, related: Related | undefined): Condition {
  if (isPath(entity, field)) return pathCondition({ entity, path: field, operator, operand, related })
  return operatorCondition(columnOf(entity, field), operator, operand)
}

// A value of several parts, such as `{ minor: 1250, currency: 'EUR' }`, is tested for equality.
function testsOf(test: Json): [operator: string, operand: Json][] {
  if (test === null) return [['null', true]]
  if (!isObject(test)) return [['eq', test]]
  const names = Object.keys(test)
  return names.length > 0 && names.every(isPartOfValue) ? [['eq', test]] : Object.entries(test)
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
