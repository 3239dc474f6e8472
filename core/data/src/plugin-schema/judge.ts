import { OpsFluxError } from '@opsflux/sdk'
import { allowedFunctions, allowedObjects, allowedStatements, allowedTableCommands, refusedParts } from './judge-rules.ts'

/**
 * Splits a migration into its statements with PostgreSQL's own parser, and refuses what a migration may not do.
 * PostgreSQL would refuse most of it too (the owner role reaches nothing but its schema); the rest, such as `set_config`,
 * advisory locks or unprotected tables, it would not.
 * @throws migration-failed, before anything has run
 */
export async function judgeMigration(id: string, text: string, schema: string): Promise<string[]> {
  return (await parse(id, text)).map(({ name, tree, sql }, index) => {
    const reason = allowedStatements.has(name) ? refusal(tree, schema) : `${spoken(name)} is not allowed in a migration`
    if (reason !== undefined) throw refused(id, index + 1, reason)
    return sql
  })
}

interface Statement {
  /** Node type of the parse tree, such as `CreateStmt`. */
  name: string
  tree: unknown
  sql: string
}

async function parse(id: string, text: string): Promise<Statement[]> {
  // Loaded when first needed: the parser is a WebAssembly module of 2 MB.
  const parser = await import('libpg-query')
  await parser.loadModule()
  if (text.trim() === '') return []
  const bytes = Buffer.from(text, 'utf8')
  let statements
  try {
    statements = parser.parseSync(text).stmts ?? []
  } catch (cause) {
    throw refused(id, undefined, `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return statements.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const [name = '', tree] = Object.entries(stmt ?? {})[0] ?? []
    // The parser counts bytes, and gives no length to a last statement without a semicolon.
    const sql = bytes.subarray(stmt_location, stmt_len === undefined ? undefined : stmt_location + stmt_len).toString('utf8')
    return { name, tree: { [name]: tree }, sql }
  })
}

function refused(id: string, statement: number | undefined, reason: string): OpsFluxError {
  const where = statement === undefined ? '' : ` (statement ${statement})`
  return new OpsFluxError('migration-failed', `Migration ${id}${where} is refused: ${reason}. Nothing was changed; the publisher has to correct it.`, {
    data: { migration: id, ...(statement === undefined ? {} : { statement }) },
  })
}

type Node = Record<string, unknown>

/** Why some part of a statement is refused, or undefined. */
function refusal(tree: unknown, schema: string): string | undefined {
  if (Array.isArray(tree)) return first(tree, (item) => refusal(item, schema))
  if (typeof tree !== 'object' || tree === null) return undefined
  return first(Object.entries(tree), ([key, value]) => {
    const part = refusedParts.get(key)
    if (part !== undefined) return `${part} is not allowed`
    return rules[key]?.(value as Node, schema) ?? refusal(relationOf(key, value), schema) ?? refusal(value, schema)
  })
}

// Some fields hold a table reference without naming its type (`relation`, `rel`, `view`, `sequence`, `pktable`): same rules.
function relationOf(key: string, value: unknown): unknown {
  return key !== 'RangeVar' && isNode(value) && typeof value['relname'] === 'string' ? { RangeVar: { ...value } } : undefined
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

const rules: Record<string, (node: Node, schema: string) => string | undefined> = {
  RangeVar: ({ relname, schemaname, catalogname, relpersistence }, schema) => {
    if (catalogname !== undefined || (schemaname !== undefined && schemaname !== schema)) return `it names another schema (${String(schemaname)})`
    if (typeof relname === 'string' && relname.startsWith('pg_')) return `it names a table of the system (${relname})`
    return relpersistence === 'p' ? undefined : 'temporary and unlogged tables are not allowed'
  },
  FuncCall: ({ funcname, funcformat }) => {
    const names = strings(funcname)
    const name = names.at(-1) ?? ''
    // The grammar itself writes `pg_catalog` for `extract(… from …)` and its like.
    if (names.length > 1 && !(names[0] === 'pg_catalog' && funcformat === 'COERCE_SQL_SYNTAX')) return `it names the schema of a function (${names.join('.')})`
    return allowedFunctions.has(name) ? undefined : `the function ${name} is not allowed in a migration`
  },
  TypeName: ({ names }, schema) => foreign(names, schema, 'pg_catalog'),
  typeName: (node, schema) => (isNode(node) && 'names' in node ? foreign(node['names'], schema, 'pg_catalog') : Array.isArray(node) ? foreign(node, schema) : undefined),
  DropStmt: ({ objects, removeType }, schema) => object(removeType) ?? first(items(objects), (name) => foreign(items(name), schema)),
  RenameStmt: ({ renameType, object: renamed }, schema) => object(renameType) ?? foreign(items(renamed), schema),
  CommentStmt: ({ objtype, object: target }, schema) => object(objtype) ?? qualified(items(target), objtype === 'OBJECT_COLUMN' || objtype === 'OBJECT_TABCONSTRAINT' ? 3 : 2, schema),
  AlterTableStmt: ({ objtype }) => object(objtype),
  AlterTableCmd: ({ subtype }) => (allowedTableCommands.has(String(subtype)) ? undefined : `${spoken(String(subtype))} is not allowed in a migration`),
  CreateTableAsStmt: ({ objtype }) => object(objtype) ?? (objtype === 'OBJECT_TABLE' ? undefined : 'materialized views are not allowed'),
}

const object = (type: unknown): string | undefined => (allowedObjects.has(String(type)) ? undefined : `a migration may not touch ${spoken(String(type))}`)

// `schema.name`: two parts where one would do.
const foreign = (names: unknown, schema: string, ...also: string[]): string | undefined => qualified(names, 2, schema, ...also)

function qualified(names: unknown, parts: number, schema: string, ...also: string[]): string | undefined {
  const found = strings(names)
  const owner = found[0]
  return found.length < parts || owner === schema || (owner !== undefined && also.includes(owner)) ? undefined : `it names another schema (${found.join('.')})`
}

function items(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  const list = isNode(value) ? (value['List'] ?? value['TypeName']) : undefined
  return isNode(list) ? items(list['items'] ?? list['names']) : []
}

function strings(value: unknown): string[] {
  return items(value).flatMap((item) => (isNode(item) && isNode(item['String']) ? [String(item['String']['sval'])] : []))
}

// `CreateFunctionStmt` → "create function", `AT_ChangeOwner` → "change owner".
const spoken = (name: string): string => name.replace(/^(AT|OBJECT)_/, '').replace(/Stmt$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').replaceAll('_', ' ').toLowerCase()

function first<T>(list: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
