import { operatorNames, OpsFluxError, queryLimits, type Json } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { columnOf, findColumn } from './find-column.ts'
import { invalidRequest } from './invalid-request.ts'
import { isOperatorName, operatorCondition, type OperatorName } from './operators.ts'
import type { Related } from './related.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { fromText } from './values.ts'

export interface PathTest {
  entity: ReleaseEntity
  /** `incident.site.name`. */
  path: string
  operator: string
  operand: Json
  related: Related | undefined
}

/** Whether the name leads over a reference, and is not itself a field or a part of one. */
export function isPath(entity: ReleaseEntity, name: string): boolean {
  const dot = name.indexOf('.')
  return dot > 0 && !findColumn(entity, name) && leads(entity.columns.get(name.slice(0, dot)))
}

const leads = (column: Column | undefined): column is Column => column?.kind === 'reference' || column?.kind === 'manyToMany'

/** What is not so is asked as what is: then a record that refers to nothing, or to nothing the user may see, has no value. */
const positive: Partial<Record<OperatorName, OperatorName>> = { ne: 'eq', nin: 'in' }

/** A test of the records a field refers to: of one of them at least, where it links several. @throws invalid-request, forbidden */
export function pathCondition(test: PathTest): Sql {
  const { operator, operand } = test
  if (!isOperatorName(operator)) throw invalidRequest(`There is no operator "${operator.slice(0, 100)}". Use one of ${operatorNames.join(', ')}.`)
  if (operator === 'null' ? operand === true : operator === 'eq' && operand === null) return sql`(${stepCondition({ ...test, operator: 'null', operand: false }, 1)}) is not true`
  const asked = operator === 'ne' && operand === null ? undefined : positive[operator]
  return asked ? sql`(${stepCondition({ ...test, operator: asked }, 1)}) is not true` : stepCondition(test, 1)
}

function stepCondition(test: PathTest, step: number): Sql {
  const { entity, path, operator, operand, related } = test
  if (!isPath(entity, path)) {
    const column = columnOf(entity, path)
    return operatorCondition(column, operator, readTexts(column, operand))
  }
  if (step > queryLimits.pathSteps) throw invalidRequest(`A path takes at most ${queryLimits.pathSteps} steps.`)
  const [head = ''] = path.split('.', 1)
  const column = columnOf(entity, head)
  const target = targetOf(column, path, related)
  const inner = stepCondition({ ...test, entity: target.entity, path: path.slice(head.length + 1), related: related?.from(target.entity) }, step + 1)
  const bin = target.entity.features.softDelete ? sql` and record.deleted_at is null` : sql.raw('')
  const seen = sql`select record.id from ${target.entity.table} as record where ${target.condition}${bin} and ${inner}`
  return column.linkTable ? sql`record.id in (select link.source from ${column.linkTable} as link where link.target in (${seen}))` : sql`${column.ref} in (${seen})`
}

function targetOf(column: Column, path: string, related: Related | undefined): { entity: ReleaseEntity; condition: Sql } {
  const target = related?.resolve(column.declaration?.entity ?? '')
  if (!related || !target) throw invalidRequest(`"${path.slice(0, 100)}" cannot be tested: what ${column.field} refers to is not there.`)
  const seen = related.seen(target)
  if (!seen) throw new OpsFluxError('forbidden', `You may see no ${target.name} records, so "${path.slice(0, 100)}" cannot be tested. Ask an administrator.`)
  return seen
}

/** A query string gives texts, and the kind of a field of another entity is only known here. */
function readTexts(column: Column, operand: Json): Json {
  if (Array.isArray(operand)) return operand.map((item) => readTexts(column, item))
  return typeof operand === 'string' ? fromText(column.kind, operand) ?? operand : operand
}
