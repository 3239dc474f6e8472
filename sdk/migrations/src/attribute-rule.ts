import { isNode, items, partsOf, strings, type Node } from './tree.ts'

/** What a function in FROM may call its columns without a list of names. */
const namesOfColumns = ['key', 'value', 'ordinality']

/**
 * PostgreSQL reads `x.f` as `f(x)` where x is a single value and has no column f: `('1'::float8).pg_sleep` calls a function
 * that no list of functions sees (PostgreSQL, "Using Composite Types in Queries": functional and attribute notation).
 * So nothing is selected from an expression, and from a function in FROM only what it is known to have.
 */
export class AttributeRule {
  /** By the name that a function in FROM is known under. */
  readonly #columns = new Map<string, Set<string>>()
  readonly #qualified: string[][] = []
  #selects = false
  #isNameless = false

  /** Takes note of a node, under the key it stands under. */
  see(key: string, node: Node): void {
    if (key === 'A_Indirection') this.#selects ||= strings(node['indirection']).length > 0
    else if (key === 'ColumnRef' && items(node['fields']).length > 1) this.#qualified.push(strings(node['fields']))
    else if (key === 'RangeFunction') this.#addFunction(node)
  }

  /** Once the whole statement was seen: an alias may stand behind its use. */
  fault(): string | undefined {
    if (this.#selects) return 'a part of an expression may not be selected by name'
    if (this.#isNameless) return 'what is in FROM and is neither a table nor a function needs an alias'
    const wrong = this.#qualified.find((fields) => {
      const known = this.#columns.get(fields.at(-2) ?? '')
      return known !== undefined && !known.has(fields.at(-1) ?? '')
    })
    return wrong && `${wrong.join('.')} is not a column of the function ${String(wrong.at(-2))}`
  }

  #addFunction(node: Node): void {
    const alias = isNode(node['alias']) ? node['alias'] : {}
    const isNamed = typeof alias['aliasname'] === 'string'
    // `from cast(0 as float8)` is known as float8, and `from coalesce(0)` as coalesce: PostgreSQL makes up more such names.
    this.#isNameless ||= !isNamed && !items(node['functions']).every((one) => isNode(items(one)[0]) && Object.hasOwn(items(one)[0] as Node, 'FuncCall'))
    const names = isNamed ? [String(alias['aliasname'])] : functionNames(node['functions'])
    for (const name of names) this.#columns.set(name, new Set([...this.#columns.get(name) ?? [], name, ...namesOfColumns, ...strings(alias['colnames']), ...definedColumns(node)]))
  }
}

/** Without an alias a function is known by its own name; SQL's own syntax may hide which, so all names inside count. */
function functionNames(functions: unknown): string[] {
  return [...partsOf(functions)].flatMap(({ key, value }) => (key === 'FuncCall' && isNode(value) ? strings(value['funcname']).slice(-1) : []))
}

function definedColumns({ coldeflist }: Node): string[] {
  return items(coldeflist).flatMap((item) => (isNode(item) && isNode(item['ColumnDef']) ? [String(item['ColumnDef']['colname'])] : []))
}
