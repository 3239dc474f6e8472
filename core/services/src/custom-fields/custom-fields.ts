import type { Logger } from 'pino'
import { countCustomValues, eraseCustomValues, sql, uuidV7, type Database, type DatabaseTransaction, type Notifications, type ReleaseEntities, type ReleaseEntity, type TransactionActor } from '@opsflux/data'
import { customFieldLimits, OpsFluxError, queryLimits, type CustomField, type CustomFieldChanges, type CustomFieldInput, type CustomFieldLabel } from '@opsflux/sdk'
import { FieldCache } from './field-cache.ts'
import { FieldIndexes } from './field-indexes.ts'
import { dropField, fieldOf, fieldsWhere, lockField, lockFields, saveField, type EntityOfTenant, type FieldRow } from './field-rows.ts'
import { checkField, checkGrowth } from './field-rules.ts'

export interface CustomFieldParts {
  database: Database
  notifications: Notifications
  /** The release of a plugin that serves now. */
  releaseOf(pluginId: string): ReleaseEntities | undefined
  log: Logger
}

/** Indexes that another host left unfinished are found by then. */
const lookEveryMs = 300_000

/** Fields that administrators add to the entities of plugins, each tenant its own. */
export class CustomFields {
  readonly #parts: CustomFieldParts
  readonly #cache: FieldCache
  readonly #indexes: FieldIndexes
  readonly #undo: () => void
  readonly #look: NodeJS.Timeout

  constructor(parts: CustomFieldParts) {
    this.#parts = parts
    this.#cache = new FieldCache(parts.notifications, (...of) => this.#load(...of))
    this.#indexes = new FieldIndexes(parts)
    // A change of a plugin's tables may have taken indexes with it.
    this.#undo = parts.notifications.on('opsflux_modules', (payload) => void this.#indexes.settle((JSON.parse(payload) as { id: string }).id))
    this.#look = setInterval(() => this.resume(), lookEveryMs).unref()
  }

  /** Makes what indexes are missing, in the background. */
  resume(): void {
    this.#indexes.resumeAll().catch((error: unknown) => this.#parts.log.error({ err: error }, 'indexes of custom fields not looked at'))
  }

  async stop(): Promise<void> {
    clearInterval(this.#look)
    this.#undo()
    this.#cache.stop()
    await this.#indexes.stop()
  }

  /** The fields of an entity in their order; in memory, the same array as long as nothing changed. */
  of(tenantId: string, pluginId: string, entity: string): Promise<readonly CustomField[]> {
    return this.#cache.of(tenantId, pluginId, entity)
  }

  /** Answers when the plugin's indexes are as its fields ask, or have failed. */
  indexed(pluginId: string): Promise<void> {
    return this.#indexes.settle(pluginId)
  }

  /** Of one entity or of all, with deleted ones when asked. */
  async list(actor: TransactionActor, { pluginId, entity, deleted }: { pluginId: string; entity?: string | undefined; deleted: boolean }): Promise<CustomField[]> {
    if (entity !== undefined) this.#entityOf({ pluginId, entity })
    const fields = await this.#transaction(actor, (transaction) => fieldsWhere(transaction, sql`plugin_id = ${pluginId}${entity === undefined ? sql`` : sql` and entity = ${entity}`}`))
    return deleted ? fields : fields.filter((field) => field.deletedAt === undefined)
  }

  /** Those that take fields. @throws not-found */
  entitiesOf(pluginId: string): string[] {
    const release = this.#releaseOf(pluginId)
    return release.names.filter((name) => release.entity(name).features.customFields)
  }

  /** @throws not-found, validation-failed, conflict */
  async add(actor: TransactionActor, { module: pluginId, entity, ...input }: CustomFieldInput): Promise<CustomField> {
    this.#entityOf({ pluginId, entity })
    const field: CustomField = { id: uuidV7(), pluginId, entity, position: 0, ...tidied(input), ...(input.kind === 'decimal' ? { precision: input.precision ?? 18, scale: input.scale ?? Math.min(2, input.precision ?? 2) } : {}) }
    checkField(field)
    if (field.index) await this.#assertIndexes(field)
    return this.#changed(actor, field, async (transaction, others) => {
      if (others.length >= queryLimits.customFields) throw conflict(`${entity} has ${others.length} fields already, which is as many as there can be; deleted ones count until they are purged.`)
      const taken = others.find(({ name }) => name === field.name)
      if (taken) throw conflict(taken.deletedAt === undefined ? `There is a field "${field.name}" already.` : `A field "${field.name}" was deleted and its values are kept. Restore it, or purge it first.`)
      const added = { ...field, position: Math.max(-1, ...others.map(({ position }) => position)) + 1 }
      assertIndexesOfTenant(added, others)
      await saveField(transaction, actor, added, 'create')
    })
  }

  /** @throws not-found, validation-failed, conflict */
  async change(actor: TransactionActor, id: string, { label, help, ...changes }: CustomFieldChanges): Promise<CustomField> {
    const known = await this.#live(actor, id)
    if (changes.index === true && known.index !== true) await this.#assertIndexes(known)
    return this.#changed(actor, known, async (transaction, others) => {
      const before = await lockField(transaction, id)
      const after: CustomField = { ...withoutNulls({ ...before, ...changes }), label: label ? ordered(label) : before.label, ...(help ? { help: ordered(help) } : {}) }
      checkField(after)
      checkGrowth(before.values, after.values)
      assertIndexesOfTenant(after, others.filter((other) => other.id !== id))
      // Asking for an index that failed is asking for another attempt.
      const state = before.index !== true || (changes.index === true && before.indexState === 'failed') ? 'building' : before.indexState
      await saveField(transaction, actor, { ...after, ...(state ? { indexState: state } : {}) }, 'update', before)
    })
  }

  /** Puts the live fields of an entity into this order. @throws conflict when they are others meanwhile */
  async order(actor: TransactionActor, { ids, ...of }: EntityOfTenant & { ids: readonly string[] }): Promise<CustomField[]> {
    this.#entityOf(of)
    await this.#transaction(actor, async (transaction) => {
      const fields = (await lockFields(transaction, actor, of)).filter((field) => field.deletedAt === undefined)
      const isWhole = ids.length === fields.length && fields.every(({ id }) => ids.includes(id))
      if (!isWhole) throw conflict('The fields of the entity have changed meanwhile. Look at them again, then put them in order.')
      for (const field of fields) {
        const position = ids.indexOf(field.id)
        if (position !== field.position) await saveField(transaction, actor, { ...field, position }, 'update', field)
      }
    })
    this.#cache.forget(actor.tenantId, of.pluginId, of.entity)
    return this.list(actor, { ...of, deleted: false })
  }

  /** Its values are kept, unseen, until it is restored or purged. @throws not-found */
  async remove(actor: TransactionActor, id: string): Promise<void> {
    const known = await this.#live(actor, id)
    await this.#changed(actor, known, async (transaction) => {
      const before = await lockField(transaction, id)
      await saveField(transaction, actor, { ...before, deletedAt: new Date().toISOString(), ...(before.index ? { indexState: 'building' } : {}) }, 'delete', before)
    })
  }

  /** @throws not-found, conflict */
  async restore(actor: TransactionActor, id: string): Promise<CustomField> {
    const known = await this.#deleted(actor, id)
    if (known.index) await this.#assertIndexes(known)
    return this.#changed(actor, known, async (transaction, others) => {
      const before = await lockField(transaction, id)
      const { deletedAt: _deletedAt, ...after } = before
      assertIndexesOfTenant(after, others.filter((other) => other.id !== id))
      await saveField(transaction, actor, after, 'restore', before)
    })
  }

  /** Erases a deleted field and its values in every record. Bears being interrupted and asked again. @throws not-found, conflict */
  async purge(actor: TransactionActor, id: string): Promise<void> {
    const known = await this.#deleted(actor, id)
    await eraseCustomValues(this.#parts.database, actor, this.#entityOf(known), known.name)
    await this.#changed(actor, known, (transaction) => dropField(transaction, actor, known))
  }

  /** How many records have a value of it. @throws not-found */
  async use(actor: TransactionActor, id: string): Promise<number> {
    const field = await this.find(actor, id)
    const entity = this.#entityOf(field)
    return this.#parts.database.transaction({ ...actor, pluginId: field.pluginId }, (transaction) => countCustomValues(transaction, entity, field.name))
  }

  /** Live or deleted. @throws not-found */
  async find(actor: TransactionActor, id: string): Promise<CustomField> {
    const [field] = await this.#transaction(actor, (transaction) => fieldsWhere(transaction, sql`id = ${id}::uuid`))
    if (!field) throw new OpsFluxError('not-found', 'There is no such field.')
    return field
  }

  async #live(actor: TransactionActor, id: string): Promise<CustomField> {
    const field = await this.find(actor, id)
    if (field.deletedAt !== undefined) throw new OpsFluxError('not-found', `The field "${field.name}" was deleted. Restore it first.`)
    return field
  }

  async #deleted(actor: TransactionActor, id: string): Promise<CustomField> {
    const field = await this.find(actor, id)
    if (field.deletedAt === undefined) throw conflict(`The field "${field.name}" is in use. Delete it first.`)
    return field
  }

  /** One change of one field; told to this host at once, and its indexes are seen to. Answers the field as it is then. */
  async #changed(actor: TransactionActor, field: CustomField, work: (transaction: DatabaseTransaction, all: CustomField[]) => Promise<void>): Promise<CustomField> {
    const saved = await this.#transaction(actor, async (transaction) => {
      await work(transaction, await lockFields(transaction, actor, field))
      const [after = field] = await fieldsWhere(transaction, sql`id = ${field.id}::uuid`)
      return after
    })
    this.#cache.forget(actor.tenantId, field.pluginId, field.entity)
    if (field.index === true || saved.index === true) void this.#indexes.settle(field.pluginId)
    return saved
  }

  // All tenants share the table, and each of its indexes takes time at every plan of a query.
  async #assertIndexes({ pluginId, entity }: EntityOfTenant): Promise<void> {
    const { rows: [row] } = await this.#parts.database.admin.query<{ count: number }>(
      'select count(*)::integer as count from opsflux.custom_field where plugin_id = $1 and entity = $2 and indexed and deleted_at is null', [pluginId, entity])
    if ((row?.count ?? 0) >= customFieldLimits.indexedInAll) throw conflict(`The table of ${entity} has ${customFieldLimits.indexedInAll} indexes of added fields, which is as many as there can be on this platform.`)
  }

  #releaseOf(pluginId: string): ReleaseEntities {
    const release = this.#parts.releaseOf(pluginId)
    if (!release) throw new OpsFluxError('not-found', `There is no module "${pluginId}" running here.`)
    return release
  }

  #entityOf({ pluginId, entity }: EntityOfTenant): ReleaseEntity {
    const found = this.#releaseOf(pluginId).entity(entity)
    if (!found.features.customFields) throw conflict(`${entity} takes no further fields: its module was built without them.`)
    return found
  }

  // As the administrator's role: a request that asks holds a connection of the others already.
  async #load(tenantId: string, pluginId: string, entity: string): Promise<CustomField[]> {
    const { rows } = await this.#parts.database.admin.query<{ row: FieldRow }>(
      `select to_jsonb(field) as row from opsflux.custom_field as field where tenant_id = $1 and plugin_id = $2 and entity = $3 and deleted_at is null order by position, id`, [tenantId, pluginId, entity])
    return rows.map(({ row }) => fieldOf(row))
  }

  #transaction<T>({ tenantId, userId }: TransactionActor, work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> {
    return this.#parts.database.transaction({ tenantId, userId }, work)
  }
}

const conflict = (detail: string): OpsFluxError => new OpsFluxError('conflict', detail)

function assertIndexesOfTenant(field: CustomField, others: readonly CustomField[]): void {
  const indexed = others.filter(({ index, deletedAt }) => index === true && deletedAt === undefined).length
  if (field.index === true && indexed >= customFieldLimits.indexed) throw conflict(`${field.entity} has ${indexed} fields with an index already, which is as many as there can be.`)
}

function tidied({ label, help, ...input }: Omit<CustomFieldInput, 'module' | 'entity'>): Omit<CustomField, 'id' | 'pluginId' | 'entity' | 'position'> {
  return { ...input, label: ordered(label), ...(help ? { help: ordered(help) } : {}) }
}

/** As jsonb orders its keys, so that two of them compare as text. */
function ordered<T extends Partial<CustomFieldLabel>>(texts: T): T {
  return Object.fromEntries(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1))) as T
}

function withoutNulls(field: { [K in keyof CustomField]: CustomField[K] | null }): CustomField {
  return Object.fromEntries(Object.entries(field).filter(([, value]) => value !== null)) as unknown as CustomField
}
