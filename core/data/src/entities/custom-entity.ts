import type { CustomField, Json } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import { customColumn } from './custom-columns.ts'
import { liveValues, storedValues, withCustomValidator } from './custom-values.ts'
import type { EntityQuery } from './entity-transaction.ts'
import type { Column } from './kinds/column.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { isUuid } from './uuid.ts'

type Values = { readonly [field: string]: Json }

/** An entity as one tenant has it. */
interface TenantEntity extends ReleaseEntity {
  /** The tenant in so many words: without it PostgreSQL cannot know that an index of this tenant alone holds all the rows. */
  tenantCondition?: Sql
  customFields: readonly CustomField[]
}

const extended = new WeakMap<readonly CustomField[], WeakMap<ReleaseEntity, ReleaseEntity>>()

/**
 * The entity with the fields a tenant's administrators added: columns `custom.<name>` for where, sort, groupBy and cursors, `custom` as one
 * object of the live fields in records, their rules in validation. The same object for the same array.
 */
export function withCustomFields(entity: ReleaseEntity, fields: readonly CustomField[], tenantId: string): ReleaseEntity {
  if (!entity.features.customFields) return entity
  const known = extended.get(fields) ?? new WeakMap<ReleaseEntity, ReleaseEntity>()
  extended.set(fields, known)
  const made = known.get(entity) ?? extend(entity, fields, tenantId)
  known.set(entity, made)
  return made
}

/** What a query on custom fields has to say besides, for their indexes to serve it. */
export function narrowedByTenant(entity: ReleaseEntity, { where, sort }: Pick<EntityQuery, 'where' | 'sort'>): Sql[] {
  const condition = isTenantEntity(entity) ? entity.tenantCondition : undefined
  if (!condition) return []
  const names = [...Object.keys(where ?? {}), ...(typeof sort === 'string' ? [sort] : sort ?? [])]
  return names.some((name) => /^-?custom\./.test(name)) ? [condition] : []
}

/** Users that custom values name. */
export function customReferences(entity: ReleaseEntity, values: Values): { column: Column; id: string; path: string }[] {
  const { custom } = values
  if (!isTenantEntity(entity) || typeof custom !== 'object' || custom === null || Array.isArray(custom)) return []
  return Object.entries(custom).flatMap(([name, value]) => {
    const column = entity.columns.get(`custom.${name}`)
    return column?.kind === 'user' && typeof value === 'string' ? [{ column, id: value.toLowerCase(), path: `/custom/${name}` }] : []
  })
}

/** Valid custom values in the form they are stored in. */
export function customAsStored(entity: ReleaseEntity, values: Json): Values {
  return isTenantEntity(entity) ? storedValues(entity.customFields, values) : {}
}

function isTenantEntity(entity: ReleaseEntity): entity is TenantEntity {
  return 'customFields' in entity
}

function extend(entity: ReleaseEntity, fields: readonly CustomField[], tenantId: string): TenantEntity {
  const columns = new Map(entity.columns)
  const whole = columns.get('custom')
  if (whole) columns.set('custom', shown(whole, fields))
  const list = entity.list.map((column) => columns.get(column.field) ?? column)
  for (const field of fields) columns.set(`custom.${field.name}`, customColumn(field))
  return {
    ...entity, columns, list, customFields: fields,
    validateInput: withCustomValidator(entity.validateInput, fields, 'create'),
    validateChanges: withCustomValidator(entity.validateChanges, fields, 'update'),
    ...(fields.some(({ indexState }) => indexState === 'ready') && isUuid(tenantId) ? { tenantCondition: sql.raw(`record.tenant_id = '${tenantId}'::uuid`) } : {}),
  }
}

function shown(whole: Column, fields: readonly CustomField[]): Column {
  const empty = JSON.stringify(liveValues(fields, '{}'))
  return {
    ...whole,
    json: (text) => (text === '{}' ? empty : JSON.stringify(liveValues(fields, text))),
    read: (text) => liveValues(fields, text),
    // Null takes a value away: the writer merges what is given into what there is, values of deleted fields stay.
    writes: (value) => [{ name: whole.name, value: JSON.stringify(storedValues(fields, value)), type: 'jsonb' }],
  }
}
