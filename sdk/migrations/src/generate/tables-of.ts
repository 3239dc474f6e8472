import type { EntityDeclaration, FieldDeclaration } from '@opsflux/sdk'
import { columnsOfField } from './field-columns.ts'
import { columnList, literal, mentions, quoted, snakeCase, sqlName } from './names.ts'
import type { Column, Constraint, Index, Table } from './model.ts'

/** The tables that entities declare, each with the link tables of its `manyToMany` fields behind it. */
export function tablesOf(entities: readonly EntityDeclaration[]): Table[] {
  return entities.flatMap((entity) => [entityTable(entity), ...linkTables(entity)])
}

function entityTable(entity: EntityDeclaration): Table {
  const name = snakeCase(entity.name)
  const fields = Object.entries(entity.fields)
  const columns = [...hostColumns(entity), ...fields.flatMap(([field, declaration]) => columnsOfField(field, declaration)), ...searchColumns(entity)]
  return {
    name, entity: entity.name, columns, primaryKey: ['id'],
    constraints: [...valueChecks(name, columns), ...fields.flatMap(([field, declaration]) => fieldConstraints(name, field, declaration)), ...entityChecks(name, entity, columns)],
    indexes: indexesOf(name, entity),
  }
}

function hostColumns({ features, states }: EntityDeclaration): Column[] {
  return [
    { name: 'id', type: 'uuid', notNull: true, default: 'gen_random_uuid()' }, { name: 'tenant_id', type: 'uuid', notNull: true }, { name: 'revision', type: 'integer', notNull: true, default: '1' },
    { name: 'created_at', type: 'timestamptz', notNull: true, default: 'now()' }, { name: 'created_by', type: 'uuid', notNull: false },
    { name: 'updated_at', type: 'timestamptz', notNull: true, default: 'now()' }, { name: 'updated_by', type: 'uuid', notNull: false },
    ...(features?.softDelete === true ? [{ name: 'deleted_at', type: 'timestamptz', notNull: false }, { name: 'deleted_by', type: 'uuid', notNull: false }] : []),
    ...(features?.customFields === true ? [{ name: 'custom', type: 'jsonb', notNull: true, default: "'{}'" }] : []),
    ...(states === undefined ? [] : [{ name: 'state', type: 'text', notNull: true, default: literal(states.initial), values: states.values }]),
  ]
}

/** Words are stemmed in no language: records of one tenant are written in several. A generated column cannot read another, so it repeats its expression. */
function searchColumns({ fields, features }: EntityDeclaration): Column[] {
  if (features?.search !== true) return []
  const weighted = Object.entries(fields).flatMap(([field, { search, computed }]) => (search === undefined ? [] : [`setweight(to_tsvector('simple', coalesce(${computed === undefined ? quoted(snakeCase(field)) : `(${computed})`}, '')), '${search}')`]))
  return weighted.length === 0 ? [] : [{ name: 'search_vector', type: 'tsvector', notNull: false, generated: weighted.join(' || ') }]
}

const valueChecks = (table: string, columns: readonly Column[]): Constraint[] => columns.flatMap(({ name, values }) => (values === undefined ? []
  : [{ name: sqlName(table, name, 'check'), columns: [name], sql: `check (${quoted(name)} in (${values.map(literal).join(', ')}))` }]))

function fieldConstraints(table: string, field: string, declaration: FieldDeclaration): Constraint[] {
  const columns = columnsOfField(field, declaration).map(({ name }) => name)
  if (columns.length === 2) {
    return [{ name: sqlName(table, snakeCase(field), 'pair_check'), columns, sql: `check (${columns.map((column) => `(${quoted(column)} is null)`).join(' = ')})` }]
  }
  return declaration.kind === 'reference' && isOwn(declaration) ? [foreignKey(table, snakeCase(field), snakeCase(declaration.entity ?? ''), onDelete[declaration.onDelete ?? 'restrict'])] : []
}

/** No foreign key leads into the schema of another plugin. */
const isOwn = ({ entity = '' }: FieldDeclaration): boolean => !entity.includes('/')
const onDelete = { restrict: '', setNull: ' on delete set null', cascade: ' on delete cascade' } as const

const foreignKey = (table: string, column: string, target: string, rule: string): Constraint =>
  ({ name: sqlName(table, column, 'fkey'), columns: [column], references: target, sql: `foreign key (${quoted(column)}) references ${quoted(target)} (id)${rule}` })

const entityChecks = (table: string, { checks = {} }: EntityDeclaration, columns: readonly Column[]): Constraint[] => Object.entries(checks).map(([name, sql]) =>
  ({ name: sqlName(table, snakeCase(name), 'check'), columns: columns.map((column) => column.name).filter((column) => mentions(sql, column)), sql: `check (${sql})` }))

function indexesOf(table: string, entity: EntityDeclaration): Index[] {
  const where = entity.features?.softDelete === true ? { where: 'deleted_at is null' } : {}
  const unique = (columns: readonly string[]): Index => ({ name: sqlName(table, ...columns, 'unique'), columns: ['tenant_id', ...columns], unique: true, ...where })
  const fields = Object.entries(entity.fields)
  const single = fields.filter(([, declaration]) => declaration.unique === true || declaration.kind === 'sequence').map(([field]) => [field])
  const sets = new Map([...single, ...entity.unique ?? []].map((set) => [set.join(), set.map((field) => mainColumn(field, entity.fields[field]))]))
  return [
    { name: sqlName(table, 'tenant_index'), columns: ['tenant_id', 'id'], unique: false },
    ...fields.filter(([, { kind, index }]) => kind === 'reference' || index === true).map(([field, declaration]): Index =>
      ({ name: sqlName(table, snakeCase(field), 'index'), columns: ['tenant_id', ...indexedColumns(field, declaration), 'id'], unique: false })),
    ...[...sets.values()].map(unique),
    ...(searchColumns(entity).length === 0 ? [] : [{ name: sqlName(table, 'search_index'), columns: ['search_vector'], unique: false, using: 'gin' as const }]),
  ]
}

const indexedColumns = (field: string, declaration: FieldDeclaration): string[] => columnsOfField(field, declaration).map(({ name }) => name).slice(0, declaration.kind === 'geoPoint' ? 2 : 1)
const mainColumn = (field: string, declaration: FieldDeclaration | undefined): string => (declaration && columnsOfField(field, declaration)[0]?.name) ?? snakeCase(field)

function linkTables(entity: EntityDeclaration): Table[] {
  return Object.entries(entity.fields).filter(([, { kind }]) => kind === 'manyToMany').map(([field, declaration]): Table => {
    const [source, name] = [snakeCase(entity.name), sqlName(snakeCase(entity.name), snakeCase(field))]
    const own = (column: string, type = 'uuid'): Column => ({ name: column, field, kind: 'manyToMany', type, notNull: true })
    return {
      name, entity: entity.name, link: field, primaryKey: ['source', 'target'],
      columns: [{ name: 'tenant_id', type: 'uuid', notNull: true }, own('source'), own('target'), own('position', 'integer')],
      constraints: [foreignKey(name, 'source', source, onDelete.cascade), ...(isOwn(declaration) ? [foreignKey(name, 'target', snakeCase(declaration.entity ?? ''), onDelete.cascade)] : [])],
      indexes: [{ name: sqlName(name, 'target_index'), columns: ['tenant_id', 'target'], unique: false }],
    }
  })
}

/** `columns` of an index as PostgreSQL takes them. */
export const indexSql = ({ name, columns, unique, using, where }: Index, table: string, way = ''): string =>
  `create ${unique ? 'unique ' : ''}index ${way}${quoted(name)} on ${quoted(table)} ${using === undefined ? '' : `using ${using} `}(${columnList(columns)})${where === undefined ? '' : ` where ${where}`}`
