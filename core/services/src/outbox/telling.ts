import type { Actor, EntityEngine, ReleaseEntities, ReleaseEntity, Row } from '@opsflux/data'
import { toMessages, type TellableChange } from '../live/index.ts'
import type { AfterHooks } from './after-hooks.ts'
import type { Lease } from './outbox-connection.ts'
import type { OutboxRow } from './outbox-row.ts'
import { batchSize, rowsSince, settle, untoldRows } from './outbox-statements.ts'
import { isDeletion, recordAfter, withoutSealed } from './past-record.ts'

export interface TellingParts {
  engine: EntityEngine
  afterHooks: Pick<AfterHooks, 'wants'>
}

type Records = ReadonlyMap<string, Row>
const nobody = '00000000-0000-0000-0000-000000000000'

/** Tells open pages of what was committed, and keeps of it what hooks wait for. */
export class Telling {
  readonly #parts: TellingParts

  constructor(parts: TellingParts) {
    this.#parts = parts
  }

  /** All there is, some at a time. */
  async tellAll(lease: Lease, release: ReleaseEntities): Promise<void> {
    let count: number
    do {
      const rows = await untoldRows(lease, release.pluginId)
      count = rows.length
      if (count > 0) await this.#tell(lease, release, rows)
    } while (count === batchSize)
  }

  async #tell(lease: Lease, release: ReleaseEntities, rows: readonly OutboxRow[]): Promise<void> {
    const wanted = new Set<OutboxRow>()
    for (const row of rows) if (release.has(row.entity) && (await this.#parts.afterHooks.wants(release.pluginId, row))) wanted.add(row)
    const records = await this.#records(release, rows.filter((row) => release.has(row.entity)), wanted)
    // After the records: it holds every change that is in them.
    const [first] = wanted
    const since = first ? await rowsSince(lease, release.pluginId, [...new Set([...wanted].map((row) => row.record_id))], first.position) : []
    const kept = [...wanted].flatMap((row) => {
      const record = recordAfter(row, records.get(row.record_id), since.filter((one) => one.record_id === row.record_id))
      return record ? [{ position: row.position, record: withoutSealed(release.entity(row.entity), record) }] : []
    })
    const keptPositions = new Set(kept.map(({ position }) => position))
    const messages = toMessages(rows.flatMap((row) => tellable(release, row, records) ?? []))
    await settle(lease, { kept, dropped: rows.map(({ position }) => position).filter((position) => !keptPositions.has(position)), messages })
  }

  /** The records as they are now; of those no hook waits for, the fields that say who may hear of them. */
  async #records(release: ReleaseEntities, rows: readonly OutboxRow[], wanted: ReadonlySet<OutboxRow>): Promise<Records> {
    const records = new Map<string, Row>()
    const asked = rows.filter((row) => wanted.has(row) || (row.action !== 'create' && !isDeletion(row)))
    for (const [tenantId, ofTenant] of Map.groupBy(asked, (row) => row.tenant_id)) {
      // Whatever there is: who may hear of it is decided for each of them.
      const actor: Actor = { tenantId, userId: nobody, locale: 'en', permissions: ['*'] }
      await this.#parts.engine.run(release, actor, undefined, async (transaction) => {
        for (const [entity, ofEntity] of Map.groupBy(ofTenant, (row) => row.entity)) {
          const isWhole = ofEntity.some((row) => wanted.has(row))
          const query = { where: { id: { in: [...new Set(ofEntity.map((row) => row.record_id))] } }, limit: batchSize, ...(isWhole ? {} : { fields: scopeFieldsOf(release.entity(entity)) }) }
          for (const record of (await transaction.list(entity, query)).data) records.set(String(record['id']), record)
        }
      })
    }
    return records
  }
}

/** Undefined when it is gone since: its deletion is told. */
function tellable(release: ReleaseEntities, row: OutboxRow, records: Records): TellableChange | undefined {
  if (!release.has(row.entity)) return undefined
  const record = isDeletion(row) ? row.payload.record : row.action === 'create' ? created(row) : records.get(row.record_id)
  if (!record) return undefined
  // As PostgreSQL writes ids, whatever way they were given.
  const scope = Object.fromEntries(scopeFieldsOf(release.entity(row.entity)).map((field) => [field, typeof record[field] === 'string' ? record[field].toLowerCase() : null]))
  return { plugin: release.pluginId, tenant: row.tenant_id, entity: row.entity, id: row.record_id, action: row.action, revision: row.revision, userId: row.user_id, scope }
}

const created = ({ user_id: createdBy, payload: { changes } }: OutboxRow): Row => ({ createdBy, ...Object.fromEntries(Object.entries(changes).map(([field, { to }]) => [field, to])) })

function scopeFieldsOf({ declaration: { scopes = {} } }: ReleaseEntity): string[] {
  return [...new Set(['createdBy', scopes.own, scopes.company, scopes.department].filter((field) => field !== undefined))]
}
