import { sql, uuidV7, type DatabaseTransaction, type Sql, type TransactionActor } from '@opsflux/data'
import { OpsFluxError, type CustomField, type Json } from '@opsflux/sdk'

/** A row of `opsflux.custom_field` as `to_jsonb` writes it. */
export interface FieldRow {
  id: string
  tenant_id: string
  plugin_id: string
  entity: string
  name: string
  kind: CustomField['kind']
  position: number
  required: boolean
  label: CustomField['label']
  help: NonNullable<CustomField['help']>
  rules: Pick<CustomField, 'min' | 'max' | 'maxLength' | 'precision' | 'scale' | 'values'>
  indexed: boolean
  index_state: NonNullable<CustomField['indexState']> | null
  deleted_at: string | null
}

export function fieldOf(row: FieldRow): CustomField {
  return {
    id: row.id, pluginId: row.plugin_id, entity: row.entity, name: row.name, kind: row.kind, label: row.label, position: row.position,
    ...(Object.keys(row.help).length > 0 ? { help: row.help } : {}), ...(row.required ? { required: true } : {}), ...row.rules,
    ...(row.indexed ? { index: true } : {}), ...(row.index_state ? { indexState: row.index_state } : {}), ...(row.deleted_at ? { deletedAt: new Date(row.deleted_at).toISOString() } : {}),
  }
}

export interface EntityOfTenant { pluginId: string; entity: string }

/** One change of an entity's fields at a time: places and limits are counted under it. */
export async function lockFields(transaction: DatabaseTransaction, { tenantId }: TransactionActor, { pluginId, entity }: EntityOfTenant): Promise<CustomField[]> {
  await transaction.texts(sql`select pg_advisory_xact_lock(hashtextextended(${`custom fields of ${pluginId}/${entity} in ${tenantId}`}, 0))`)
  return fieldsWhere(transaction, sql`plugin_id = ${pluginId} and entity = ${entity}`)
}

/** Of the transaction's tenant, deleted ones too, in their order. */
export async function fieldsWhere(transaction: DatabaseTransaction, condition: Sql): Promise<CustomField[]> {
  const rows = await transaction.texts(sql`select to_jsonb(field) from opsflux.custom_field as field where ${condition} order by entity, position, id`)
  return rows.map(([text]) => fieldOf(JSON.parse(text ?? '') as FieldRow))
}

/** @throws not-found */
export async function lockField(transaction: DatabaseTransaction, id: string): Promise<CustomField> {
  const [row] = await transaction.texts(sql`select to_jsonb(field) from opsflux.custom_field as field where id = ${id}::uuid for update`)
  if (!row?.[0]) throw new OpsFluxError('not-found', 'There is no such field. It may have been purged meanwhile.')
  return fieldOf(JSON.parse(row[0]) as FieldRow)
}

/** Makes or replaces the row, and writes down what changed. */
export async function saveField(transaction: DatabaseTransaction, actor: TransactionActor, field: CustomField, action: 'create' | 'update' | 'delete' | 'restore', before?: CustomField): Promise<void> {
  const { min, max, maxLength, precision, scale, values } = field
  const rules = JSON.stringify({ min, max, maxLength, precision, scale, values })
  const state = field.index === true ? field.indexState ?? 'building' : null
  const [row] = await transaction.texts(sql`
    insert into opsflux.custom_field as field (id, tenant_id, plugin_id, entity, name, kind, position, required, label, help, rules, indexed, index_state, created_by, updated_by)
    values (${field.id}::uuid, ${actor.tenantId}::uuid, ${field.pluginId}, ${field.entity}, ${field.name}, ${field.kind}, ${field.position}::integer, ${field.required === true}::boolean,
      ${JSON.stringify(field.label)}::jsonb, ${JSON.stringify(field.help ?? {})}::jsonb, ${rules}::jsonb, ${field.index === true}::boolean, ${state}::text, ${actor.userId}::uuid, ${actor.userId}::uuid)
    on conflict (id) do update set position = excluded.position, required = excluded.required, label = excluded.label, help = excluded.help, rules = excluded.rules, indexed = excluded.indexed,
      index_state = excluded.index_state, deleted_at = ${field.deletedAt ?? null}::timestamptz, revision = field.revision + 1, updated_at = now(), updated_by = excluded.updated_by
    returning revision`)
  await writeDown(transaction, actor, field, { action, revision: Number(row?.[0] ?? 1), changes: changesBetween(before, field) })
}

/** Forgets the field and its name. */
export async function dropField(transaction: DatabaseTransaction, actor: TransactionActor, field: CustomField): Promise<void> {
  const [row] = await transaction.texts(sql`delete from opsflux.custom_field where id = ${field.id}::uuid returning revision + 1`)
  if (row) await writeDown(transaction, actor, field, { action: 'purge', revision: Number(row[0]), changes: {} })
}

interface Entry { action: string; revision: number; changes: Changes }
type Changes = { [property: string]: { from: Json; to: Json } }

// Beside the changes of records: the plugin id is one that no plugin can have.
async function writeDown(transaction: DatabaseTransaction, actor: TransactionActor, field: CustomField, { action, revision, changes }: Entry): Promise<void> {
  await transaction.texts(sql`insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, changes)
    values (${uuidV7()}::uuid, ${actor.tenantId}::uuid, now(), 'custom-fields', ${`${field.pluginId}/${field.entity}.${field.name}`}, ${field.id}::uuid, ${action}, ${revision}::integer, ${actor.userId}::uuid, ${JSON.stringify(changes)}::jsonb)`)
}

const unwritten: ReadonlySet<string> = new Set(['id', 'indexState'])

function changesBetween(before: CustomField | undefined, after: CustomField): Changes {
  const [was, is] = [before, after].map((field) => new Map(Object.entries(field ?? {}) as [string, Json][]))
  const properties = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])].filter((property) => !unwritten.has(property))
  return Object.fromEntries(properties.flatMap((property) => {
    const [from, to] = [was?.get(property) ?? null, is?.get(property) ?? null]
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [[property, { from, to }]]
  }))
}
