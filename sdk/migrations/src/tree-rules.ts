import { allowedFunctions, allowedNodes, allowedObjects, allowedTableCommands, refusedParts } from './allowed.ts'
import { AttributeRule } from './attribute-rule.ts'
import type { MigrationPart } from './judgement.ts'
import { isNode, items, partsOf, spoken, strings, type Node } from './tree.ts'

// Levels of the tree; an operator takes three. PostgreSQL itself gives up at some thousands.
const deepest = 1_500

/** Why some part of a statement is refused, or undefined. */
export function treeFault(tree: unknown, schema: string, migrationPart: MigrationPart = 'change'): string | undefined {
  const attributes = new AttributeRule()
  for (const { key, value, depth } of partsOf(tree)) {
    if (depth > deepest) return 'it is nested too deeply'
    const fault = keyFault(key, migrationPart) ?? (isNode(value) ? nodeFault(key, value, schema) : undefined)
    if (fault !== undefined) return fault
    if (isNode(value)) attributes.see(key, value)
  }
  return attributes.fault()
}

// Names of nodes begin with a capital letter, names of their fields do not.
function keyFault(key: string, migrationPart: MigrationPart): string | undefined {
  const part = key === 'concurrent' && migrationPart === 'after' ? undefined : refusedParts.get(key)
  if (part !== undefined) return `${part} is not allowed`
  return /^[A-Z]/.test(key) && !allowedNodes.has(key) ? `${spoken(key)} is not allowed in a migration` : undefined
}

// Some fields hold a node without naming its type (`relation`, `larg`, `typeName`), so tables and functions are known by what they have.
function nodeFault(key: string, node: Node, schema: string): string | undefined {
  return rules[key]?.(node, schema)
    ?? (typeof node['relname'] === 'string' ? tableFault(node, schema) : undefined)
    ?? (Array.isArray(node['funcname']) ? functionFault(node, schema) : undefined)
    ?? (Array.isArray(node['typeName']) ? foreign(node['typeName'], schema) : undefined)
}

function tableFault({ relname, schemaname, catalogname, relpersistence }: Node, schema: string): string | undefined {
  if (catalogname !== undefined || (schemaname !== undefined && schemaname !== schema)) return `it names another schema (${String(schemaname)})`
  if (typeof relname === 'string' && relname.startsWith('pg_')) return `it names a table of the system (${relname})`
  return relpersistence === 'p' ? undefined : 'temporary and unlogged tables are not allowed'
}

function functionFault({ funcname, funcformat, args }: Node, schema: string): string | undefined {
  const names = strings(funcname)
  const name = names.at(-1) ?? ''
  // The grammar itself writes `pg_catalog` for `extract(… from …)` and its like.
  if (names.length > 1 && !(names[0] === 'pg_catalog' && funcformat === 'COERCE_SQL_SYNTAX')) return `it names the schema of a function (${names.join('.')})`
  if (!allowedFunctions.has(name)) return `the function ${name} is not allowed in a migration`
  return ['nextval', 'currval', 'setval'].includes(name) ? sequenceFault(items(args)[0], schema) : undefined
}

/** A number would name any sequence of the database, whose schema nobody then checks. */
function sequenceFault(argument: unknown, schema: string): string | undefined {
  const bare = isNode(argument) && isNode(argument['TypeCast']) ? argument['TypeCast']['arg'] : argument
  const constant = isNode(bare) && isNode(bare['A_Const']) ? bare['A_Const']['sval'] : undefined
  const name = isNode(constant) ? String(constant['sval']) : undefined
  return name !== undefined && /^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(name) && (!name.includes('.') || name.startsWith(`${schema}.`)) ? undefined : 'a sequence must be named in plain quotes, and be of the own schema'
}

const rules: Record<string, (node: Node, schema: string) => string | undefined> = {
  TypeName: ({ names }, schema) => foreign(names, schema, 'pg_catalog'),
  typeName: ({ names }, schema) => foreign(names, schema, 'pg_catalog'),
  A_Expr: ({ name }) => (strings(name).length > 1 ? 'it names the schema of an operator' : undefined),
  SubLink: ({ operName }) => (strings(operName).length > 1 ? 'it names the schema of an operator' : undefined),
  SortBy: ({ useOp }) => (strings(useOp).length > 1 ? 'it names the schema of an operator' : undefined),
  CollateClause: ({ collname }, schema) => foreign(collname, schema, 'pg_catalog'),
  IndexElem: ({ opclass, collation }, schema) => foreign(opclass, schema, 'pg_catalog') ?? foreign(collation, schema, 'pg_catalog'),
  // `owned by schema.table.column`, and the name of the sequence behind an identity column.
  DefElem: ({ defname, arg }, schema) => (defname === 'owned_by' ? qualified(arg, 3, schema) : defname === 'sequence_name' ? foreign(arg, schema) : undefined),
  DropStmt: ({ objects, removeType }, schema) => object(removeType) ?? first(items(objects), (name) => foreign(name, schema)),
  RenameStmt: ({ renameType, object: renamed }, schema) => object(renameType) ?? foreign(renamed, schema),
  CommentStmt: ({ objtype, object: target }, schema) => object(objtype) ?? qualified(target, objtype === 'OBJECT_COLUMN' || objtype === 'OBJECT_TABCONSTRAINT' ? 3 : 2, schema),
  AlterTableStmt: ({ objtype }) => object(objtype),
  AlterTableCmd: ({ subtype }) => (allowedTableCommands.has(String(subtype)) ? undefined : `${spoken(String(subtype))} is not allowed in a migration`),
  // `exclude (a with operator(schema.=))`: pairs of an element and an operator.
  Constraint: ({ exclusions }) => (items(exclusions).some((pair) => strings(items(pair)[1]).length > 1) ? 'it names the schema of an operator' : undefined),
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

function first<T>(list: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
