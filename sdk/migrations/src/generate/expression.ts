import { loadModule, parseSync } from 'libpg-query'
import { allowedFunctions } from '../allowed.ts'
import { textFault } from '../text-rules.ts'
import { isNode, items, partsOf, spoken, strings, type Node } from '../tree.ts'

/** Characters of one expression. */
export const expressionCharacters = 2_000

/**
 * Why an expression of a computed field or a check cannot stand in a table; undefined when it can. It may read columns of the row and call
 * functions of the list that always answer the same for the same values: PostgreSQL computes it again whenever it restores a table.
 * The author's own text is read here, in this thread; what is built from it goes through the judge.
 */
export async function expressionFault(sql: string, columns: ReadonlySet<string>, use: 'computed' | 'check'): Promise<string | undefined> {
  if (sql.length > expressionCharacters) return `it is longer than ${expressionCharacters} characters`
  const fault = textFault(sql)
  if (fault !== undefined) return fault
  await loadModule()
  const tree = expressionOf(sql, use)
  return typeof tree === 'string' ? tree : treeFault(tree, columns)
}

/** Read in its place, so that an expression cannot end it and go on with something else. */
function expressionOf(sql: string, use: 'computed' | 'check'): Node | string {
  try {
    const { stmts = [] } = parseSync(use === 'check' ? `create table t (check (${sql}))` : `create table t (c text generated always as (${sql}) stored)`)
    const [statement] = stmts
    const create = nodeOf(nodeOf(statement?.stmt)['CreateStmt'])
    const [element, ...others] = items(create['tableElts'])
    const constraints = use === 'check' ? [element] : items(nodeOf(nodeOf(element)['ColumnDef'])['constraints'])
    const constraint = nodeOf(nodeOf(constraints[0])['Constraint'])
    if (stmts.length !== 1 || others.length > 0 || constraints.length !== 1 || !isNode(constraint['raw_expr'])) return 'it is not one expression'
    return constraint['raw_expr']
  } catch (cause) {
    return `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const nodeOf = (value: unknown): Node => (isNode(value) ? value : {})

function treeFault(tree: Node, columns: ReadonlySet<string>): string | undefined {
  for (const { key, value } of partsOf(tree)) {
    if (/^[A-Z]/.test(key) && !nodes.has(key)) return `${spoken(key)} is not possible in it`
    const fault = isNode(value) ? (key === 'ColumnRef' ? columnFault(value, columns) : key === 'FuncCall' ? callFault(value) : undefined) : undefined
    if (fault !== undefined) return fault
  }
  return undefined
}

function columnFault({ fields }: Node, columns: ReadonlySet<string>): string | undefined {
  const names = strings(fields)
  const [name = '*'] = names
  return names.length === 1 && items(fields).length === 1 && columns.has(name) ? undefined : `there is no column ${names.join('.') || '*'} it may read; columns are named as in SQL, such as due_date, and are not computed ones`
}

function callFault(call: Node): string | undefined {
  const name = strings(call['funcname']).at(-1) ?? ''
  if (!allowedFunctions.has(name) || !immutable.has(name)) return `the function ${name} may not be called in it: only such as answer the same for the same values`
  const part = ['over', 'agg_order', 'agg_filter', 'agg_star', 'agg_distinct', 'agg_within_group'].find((one) => call[one] !== undefined && call[one] !== false)
  return part === undefined ? undefined : 'it reads one row, not several'
}

const nodes: ReadonlySet<string> = new Set(['A_ArrayExpr', 'A_Const', 'A_Expr', 'BoolExpr', 'BooleanTest', 'CaseExpr', 'CaseWhen', 'CoalesceExpr', 'ColumnRef', 'FuncCall', 'MinMaxExpr', 'NullTest', 'TypeCast', 'TypeName',
  'BitString', 'Boolean', 'Float', 'Integer', 'List', 'String'])

const immutable: ReadonlySet<string> = new Set(`
  timezone date_part date_trunc date_bin extract make_date make_time make_timestamp make_interval justify_days justify_hours justify_interval isfinite
  lower upper initcap trim btrim ltrim rtrim length char_length character_length octet_length substring substr position strpos overlay replace translate
  left right lpad rpad repeat reverse split_part starts_with ascii chr normalize is_normalized
  regexp_replace regexp_count regexp_instr regexp_like regexp_substr like_escape similar_to_escape to_hex md5 sha224 sha256 sha384 sha512
  abs ceil ceiling floor round trunc sign mod div power sqrt cbrt exp ln log greatest least width_bucket num_nulls num_nonnulls
  array_length array_position cardinality jsonb_typeof jsonb_array_length jsonb_extract_path jsonb_extract_path_text jsonb_path_exists
`.split(/\s+/).filter((name) => name !== ''))
