import { isNode, items, strings, type Node } from './tree.ts'

/** A statement of an `.after.sql`, and what its runner has to know to take it up again after a crash. */
export type AfterStep =
  /** `create index concurrently`; when interrupted it leaves an index that is not valid. */
  | { kind: 'create-index'; text: string; table: string; index: string }
  | { kind: 'drop-index'; text: string; index: string }
  /** An `update` or `delete` that limits itself: repeated until it touches no row. */
  | { kind: 'batch'; text: string; table: string }
  | { kind: 'validate'; text: string; table: string }

/** Rows that one run of a batch may touch. */
export const batchRows = 10_000

/** What a statement is as a step, or why it cannot be one. Says nothing about what else is in it. */
export function afterStepOf(name: string, tree: unknown, text: string): AfterStep | { fault: string } {
  const node = nodeOf(nodeOf(tree)[name])
  const table = String(nodeOf(node['relation'])['relname'])
  switch (name) {
    case 'IndexStmt':
      if (node['concurrent'] !== true) return { fault: 'an index is made CONCURRENTLY after the change; one that is not belongs into the migration itself' }
      return typeof node['idxname'] === 'string' ? { kind: 'create-index', text, table, index: node['idxname'] } : { fault: 'an index made CONCURRENTLY needs a name' }
    case 'DropStmt':
      return node['concurrent'] === true && node['removeType'] === 'OBJECT_INDEX' ? dropOf(node, text) : { fault: 'nothing but an index is dropped after the change, CONCURRENTLY' }
    case 'UpdateStmt':
    case 'DeleteStmt':
      return isLimited(node) ? { kind: 'batch', text, table } : { fault: `rows are changed in batches: … where id in (select id from … limit ${batchRows} or less), or ctid in place of id` }
    case 'AlterTableStmt':
      return items(node['cmds']).every((cmd) => nodeOf(nodeOf(cmd)['AlterTableCmd'])['subtype'] === 'AT_ValidateConstraint') ? { kind: 'validate', text, table } : { fault: 'tables are not altered after the change, only constraints validated' }
    default:
      return { fault: 'only indexes made or dropped CONCURRENTLY, batches of rows and constraints to validate come after the change' }
  }
}

function dropOf({ objects }: Node, text: string): AfterStep | { fault: string } {
  const [first, second] = items(objects)
  const index = strings(first).at(-1)
  return index !== undefined && second === undefined ? { kind: 'drop-index', text, index } : { fault: 'one index is dropped at a time' }
}

/** One of the conditions that must all hold is `id in (select … limit n)`. A part in WITH could touch other rows. */
function isLimited({ whereClause, withClause }: Node): boolean {
  return withClause === undefined && conditions(whereClause).some((condition) => {
    const { subLinkType, operName, subselect, testexpr } = nodeOf(nodeOf(condition)['SubLink'])
    return subLinkType === 'ANY_SUBLINK' && operName === undefined && isRow(testexpr) && isShort(nodeOf(nodeOf(subselect)['SelectStmt']))
  })
}

const conditions = (where: unknown): unknown[] => {
  const { boolop, args } = nodeOf(nodeOf(where)['BoolExpr'])
  return boolop === 'AND_EXPR' ? items(args) : [where]
}

/** What tells rows apart: of another column many may have the same value. */
const isRow = (expression: unknown): boolean => ['id', 'ctid'].includes(strings(nodeOf(nodeOf(expression)['ColumnRef'])['fields']).at(-1) ?? '')

function isShort({ limitCount, limitOption }: Node): boolean {
  const count = nodeOf(nodeOf(nodeOf(limitCount)['A_Const'])['ival'])['ival']
  return limitOption === 'LIMIT_OPTION_COUNT' && typeof count === 'number' && count >= 1 && count <= batchRows
}

const nodeOf = (value: unknown): Node => (isNode(value) ? value : {})
