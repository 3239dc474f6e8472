import { OpsFluxError, type EntityDeclaration, type HookEvent, type PluginManifest } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import { quoteIdentifier } from '../database/roles.ts'
import { schemaOf } from '../plugin-schema/names.ts'
import { columnsOf, selectionOf, snakeCase, type Column } from './columns.ts'
import { validatorOf, type Validator } from './validator.ts'

/** One entity of one release, compiled. */
export interface ReleaseEntity {
  name: string
  declaration: EntityDeclaration
  tableName: string
  table: RawBuilder<unknown>
  /** By field name. */
  columns: ReadonlyMap<string, Column>
  list: readonly Column[]
  /** What `select` and `returning` name: the columns this release knows and no other. */
  selection: RawBuilder<unknown>
  validateInput: Validator
  validateChanges: Validator
  hooks: ReadonlySet<HookEvent>
}

/**
 * The entities of one release, compiled once and never changed.
 * Those of two releases live side by side: each names only the columns it declares.
 */
export class ReleaseEntities {
  readonly pluginId: string
  readonly version: string
  readonly #entities: ReadonlyMap<string, ReleaseEntity>

  constructor(manifest: PluginManifest) {
    this.pluginId = manifest.id
    this.version = manifest.version
    this.#entities = new Map(manifest.entities.map((entity) => [entity.name, compile(manifest, entity)]))
  }

  get names(): string[] {
    return [...this.#entities.keys()]
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
    return [...this.#entities.values()].find((entity) => entity.tableName === tableName)
  }
}

function compile(manifest: PluginManifest, declaration: EntityDeclaration): ReleaseEntity {
  const columns = columnsOf(declaration)
  const list = [...columns.values()]
  const tableName = snakeCase(declaration.name)
  return {
    name: declaration.name, declaration, tableName, columns, list,
    table: sql.raw(`${quoteIdentifier(schemaOf(manifest.id))}.${quoteIdentifier(tableName)}`),
    selection: selectionOf(list),
    validateInput: validatorOf(declaration.fields, 'create'),
    validateChanges: validatorOf(declaration.fields, 'update'),
    hooks: new Set(Object.hasOwn(manifest.hooks, declaration.name) ? manifest.hooks[declaration.name] : []),
  }
}
