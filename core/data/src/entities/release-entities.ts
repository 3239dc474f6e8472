import { OpsFluxError, type EntityDeclaration, type EntityFeatures, type PluginManifest } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import { quoteIdentifier } from '../database/roles.ts'
import { schemaOf } from '../plugin-schema/names.ts'
import { columnsOf, snakeCase, type Column } from './columns.ts'
import type { Sealer } from './sealer.ts'
import { validatorOf, type Validator } from './validator.ts'

/** One entity of one release, compiled. */
export interface ReleaseEntity {
  pluginId: string
  name: string
  declaration: EntityDeclaration
  features: EntityFeatures
  tableName: string
  /** With its schema; every query calls it `record`. */
  table: Sql
  /** By field name, with those of custom fields (`custom.badge`) where a tenant has some. */
  columns: ReadonlyMap<string, Column>
  /** What records show, in their order. */
  list: readonly Column[]
  /** `manyToMany` fields with their link tables. */
  links: readonly LinkTable[]
  validateInput: Validator
  validateChanges: Validator
  /** Events its own plugin hooks. */
  hooks: ReadonlySet<string>
}

export interface LinkTable {
  column: Column
  table: Sql
  /** `incident`, or `hse-reports/incident`. */
  target: string
}

type ReleaseMessages = ReadonlyMap<string, { readonly [key: string]: string }>

/** What releases built before features existed have. */
const featuresBefore: EntityFeatures = { audit: true, comments: false, attachments: false, versions: false, search: false, softDelete: false, customFields: false }

/**
 * The entities of one release, compiled once and never changed.
 * Those of two releases live side by side: each names only the columns it declares.
 */
export class ReleaseEntities {
  readonly pluginId: string
  readonly version: string
  readonly #entities: ReadonlyMap<string, ReleaseEntity>
  readonly #messages: ReleaseMessages

  /**
   * @param sealer of `encrypted` fields; without one they cannot be read or written
   * @param messages of the release's locales, by language
   */
  constructor(manifest: PluginManifest, sealer?: Sealer, messages: ReleaseMessages = new Map()) {
    this.pluginId = manifest.id
    this.version = manifest.version
    this.#messages = messages
    this.#entities = new Map(manifest.entities.map((entity) => [entity.name, compile(manifest, entity, sealer)]))
  }

  /** A message of the release in this language, else in English. */
  message(key: string, locale: string): string | undefined {
    return this.#messages.get(locale.slice(0, 2))?.[key] ?? this.#messages.get('en')?.[key]
  }

  get names(): string[] {
    return [...this.#entities.keys()]
  }

  get all(): ReleaseEntity[] {
    return [...this.#entities.values()]
  }

  has(name: string): boolean {
    return this.#entities.has(name)
  }

  /** @throws not-found */
  entity(name: string): ReleaseEntity {
    const entity = this.#entities.get(name)
    if (!entity) throw new OpsFluxError('not-found', `${this.pluginId} ${this.version} has no entity "${name}".`)
    return entity
  }

  byTable(tableName: string): ReleaseEntity | undefined {
    return this.all.find((entity) => entity.tableName === tableName)
  }
}

function compile({ id: pluginId, hooks }: PluginManifest, declaration: EntityDeclaration, sealer: Sealer | undefined): ReleaseEntity {
  const columns = columnsOf(declaration, pluginId, sealer)
  const list = [...columns.values()]
  const tableName = snakeCase(declaration.name)
  const tableNamed = (name: string): Sql => sql.raw(`${quoteIdentifier(schemaOf(pluginId))}.${quoteIdentifier(name)}`)
  const links = list.filter((column) => column.kind === 'manyToMany').map((column): LinkTable => ({
    column, table: tableNamed(`${tableName}_${snakeCase(column.field)}`), target: column.declaration?.entity ?? '',
  }))
  return {
    pluginId, name: declaration.name, declaration, features: declaration.features ?? featuresBefore, tableName, columns, list, links, table: tableNamed(tableName),
    validateInput: validatorOf(declaration.fields, 'create'),
    validateChanges: validatorOf(declaration.fields, 'update'),
    hooks: new Set(Object.hasOwn(hooks, declaration.name) ? hooks[declaration.name] : []),
  }
}
