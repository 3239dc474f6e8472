import type { EntityDeclaration, FieldDeclaration, FieldKind, PluginManifest } from '@opsflux/sdk'
import { pointer, type Report } from './shape.ts'

/** Columns the host adds to every table, as fields. */
const systemFields = ['id', 'tenantId', 'revision', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'state']
/** And to those of entities with features. */
const featureFields = ['deletedAt', 'deletedBy', 'custom', 'searchVector']
/** Parts of the platform's own addresses below `/api/<plugin>/<entity>`. */
const reservedNames = ['aggregate', 'transitions', 'constructor', 'toString', 'valueOf']
/** Bytes of a name that PostgreSQL keeps. */
const nameBytes = 63

/** What the parts of a well-formed entity must be to each other, and to the plugin. */
export function checkEntity(entity: EntityDeclaration, path: string, plugin: PluginManifest, report: Report): void {
  if (reservedNames.includes(entity.name)) report(`${path}/name`, 'is a name of the platform')
  const taken = new Map<string, string>()
  for (const [name, field] of Object.entries(entity.fields)) {
    const at = pointer(`${path}/fields`, name)
    if ([...systemFields, ...(entity.features ? featureFields : [])].includes(name)) report(at, 'is a system column')
    if (reservedNames.includes(name)) report(at, 'is a name of the platform')
    checkReference(field, at, plugin, report)
    checkNames(entity, name, taken, at, report)
  }
  if (entity.display !== undefined && !Object.hasOwn(entity.fields, entity.display)) report(`${path}/display`, 'is not a field of the entity')
  entity.search?.forEach((name, at) => {
    if (!isKind(entity, name, 'string', 'text')) report(`${path}/search/${at}`, 'is not a string or text field of the entity')
  })
  checkScopes(entity, path, report)
  checkUnique(entity, path, report)
  checkFeatures(entity, path, report)
  checkStates(entity, `${path}/states`, report)
}

function isKind({ fields }: EntityDeclaration, name: string, ...kinds: FieldKind[]): boolean {
  const kind = Object.hasOwn(fields, name) ? fields[name]?.kind : undefined
  return kind !== undefined && kinds.includes(kind)
}

/** A reference of an entity or a route: to an entity of the plugin, or of one it depends on. */
export function checkReference(field: FieldDeclaration, path: string, { entities, dependencies }: PluginManifest, report: Report): void {
  if (field.kind !== 'reference' && field.kind !== 'manyToMany') return
  const [first = '', second] = (field.entity ?? '').split('/')
  if (second === undefined ? !entities.some((entity) => entity.name === first) : !Object.hasOwn(dependencies, first)) {
    report(`${path}/entity`, second === undefined ? 'is not an entity of the plugin' : 'is of a plugin that is no dependency')
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const suffixes: Partial<Record<FieldKind, readonly string[]>> = { money: ['', '_currency'], zonedDatetime: ['', '_zone'], geoPoint: ['_lat', '_lng'], manyToMany: [] }

// Names past 63 bytes are cut off without a word, and two columns of one name cannot be.
function checkNames(entity: EntityDeclaration, field: string, taken: Map<string, string>, path: string, report: Report): void {
  const kind = entity.fields[field]?.kind ?? 'string'
  const columns = (suffixes[kind] ?? ['']).map((suffix) => snakeCase(field) + suffix)
  const names = kind === 'manyToMany' ? [`${snakeCase(entity.name)}_${snakeCase(field)}`] : columns
  if (names.some((name) => name.length > nameBytes)) report(path, `makes a name of more than ${nameBytes} characters in the database`)
  for (const column of columns) {
    const other = taken.get(column)
    if (other !== undefined) report(path, `takes the column ${column}, which is that of ${other}`)
    taken.set(column, field)
  }
}

function checkScopes(entity: EntityDeclaration, path: string, report: Report): void {
  const { own, company, department } = entity.scopes ?? {}
  if (own !== undefined && own !== 'createdBy' && !isKind(entity, own, 'user')) report(`${path}/scopes/own`, 'is neither a user field of the entity nor createdBy')
  if (company !== undefined && !isKind(entity, company, 'company')) report(`${path}/scopes/company`, 'is not a company field of the entity')
  if (department !== undefined && !isKind(entity, department, 'department')) report(`${path}/scopes/department`, 'is not a department field of the entity')
}

const neverUnique: readonly FieldKind[] = ['richText', 'json', 'manyToMany', 'encrypted', 'timeRange', 'geoPoint']

function checkUnique(entity: EntityDeclaration, path: string, report: Report): void {
  entity.unique?.forEach((set, at) => set.forEach((name, place) => {
    if (!Object.hasOwn(entity.fields, name) || isKind(entity, name, ...neverUnique)) report(`${path}/unique/${at}/${place}`, 'is not a field of the entity that can be unique')
  }))
}

function checkFeatures({ features, fields }: EntityDeclaration, path: string, report: Report): void {
  if (!features) return
  if (features.versions && !features.audit) report(`${path}/features/versions`, 'needs audit')
  if (features.search && !Object.values(fields).some(({ search }) => search !== undefined)) report(`${path}/features/search`, 'needs a field with a search weight')
}

function checkStates(entity: EntityDeclaration, path: string, report: Report): void {
  const { states } = entity
  if (!states) return
  if (!states.values.includes(states.initial)) report(`${path}/initial`, 'is not one of the states')
  for (const [name, { from, to, guard }] of Object.entries(states.transitions)) {
    const at = pointer(`${path}/transitions`, name)
    const froms = typeof from === 'string' ? [from] : from
    if (!froms.every((state) => states.values.includes(state))) report(`${at}/from`, 'is not one of the states')
    if (!states.values.includes(to)) report(`${at}/to`, 'is not one of the states')
    for (const field of Object.keys(guard ?? {})) {
      if (!Object.hasOwn(entity.fields, field.split('.')[0] ?? '')) report(pointer(`${at}/guard`, field), 'is not a field of the entity')
    }
  }
}
