import { sql, type EntityResponse, type Row, type SubresourceRequest } from '@opsflux/data'
import { OpsFluxError, type Page, type RecordVersion, type RecordVersionDiff, type RecordVersionEntry } from '@opsflux/sdk'
import { isoText } from '../files/index.ts'
import { recordLimits } from './limits.ts'
import { answer, idOf, invalidRequest, methodNotAllowed, noSuchAddress, pageOf } from './request.ts'
import { changesTo, differences, rebuild, type AuditedChange } from './version-rebuild.ts'

/** `…/:id/versions`: every revision of a record, told from the audit trail backwards from the present. Restoring one is an update like any other. */
export const versions = {
  feature: 'versions',
  handle: async (request: SubresourceRequest): Promise<EntityResponse> => {
    const [first, step, second, ...rest] = request.path
    if (first === undefined) return get(request, () => list(request))
    if (step === undefined) return get(request, () => version(request, revisionOf(first)))
    if (step === 'diff' && second !== undefined && rest.length === 0) return get(request, () => diff(request, revisionOf(first), revisionOf(second)))
    if (step === 'restore' && second === undefined) return restore(request, revisionOf(first))
    throw noSuchAddress(request.entity)
  },
} as const

async function get(request: SubresourceRequest, what: () => Promise<unknown>): Promise<EntityResponse> {
  if (request.method !== 'GET') throw methodNotAllowed(request, 'GET')
  return answer(200, await what())
}

async function list(request: SubresourceRequest): Promise<Page<RecordVersionEntry>> {
  const { limit, after } = pageOf(request, /^\d{1,9}$/)
  const changes = await select(request, { before: after === undefined ? undefined : Number(after), limit: limit + 1 })
  const data = changes.slice(0, limit).map(entryOf)
  return { data, next: changes.length > limit ? String(data.at(-1)?.revision) : null }
}

async function version(request: SubresourceRequest, revision: number): Promise<RecordVersion> {
  const { change, record } = await recordAt(request, revision)
  return { ...entryOf(change), record }
}

async function diff(request: SubresourceRequest, from: number, to: number): Promise<RecordVersionDiff> {
  const [before, after] = [await recordAt(request, from), await recordAt(request, to)]
  return { from, to, changes: differences(before.record, after.record) }
}

async function restore(request: SubresourceRequest, revision: number): Promise<EntityResponse> {
  if (request.method !== 'POST') throw methodNotAllowed(request, 'POST')
  const seen = seenRevision(request)
  const { record } = await recordAt(request, revision)
  const updated = await request.transaction.update(request.entity.name, idOf(request), changesTo(request.entity, request.record, record), { revision: seen })
  return answer(200, updated, { etag: `"${String(updated['revision'])}"` })
}

/** @throws not-found when the audit trail does not reach it without a gap */
async function recordAt(request: SubresourceRequest, revision: number): Promise<{ change: AuditedChange; record: Row }> {
  const current = Number(request.record['revision'])
  if (revision > current) throw noSuchVersion(request)
  if (current - revision > recordLimits.versionsBack) throw new OpsFluxError('not-found', `Versions are told up to ${recordLimits.versionsBack} revisions back.`)
  const changes = await select(request, { from: revision, limit: current - revision + 1 })
  if (changes.some((change, index) => change.revision !== current - index)) throw noSuchVersion(request)
  const change = changes.at(-1)
  if (change?.revision !== revision) throw noSuchVersion(request)
  return { change, record: rebuild(request.entity, request.record, change, changes.slice(0, -1)) }
}

/** The latest first, down from `before` or from the latest there is, to `from`. */
async function select(request: SubresourceRequest, { before, from = 1, limit }: { before?: number | undefined; from?: number; limit: number }): Promise<AuditedChange[]> {
  const { entity: { pluginId, name } } = request
  const below = before === undefined ? sql`` : sql` and a.revision < ${before}::integer`
  const rows = await request.transaction.use((transaction) => transaction.texts(sql`select a.revision, ${isoText('a.at')}, a.user_id, a.action, a.changes from opsflux.audit_entry a
    where a.plugin_id = ${pluginId} and a.entity = ${name} and a.record_id = ${idOf(request)}::uuid and a.action <> 'refused' and a.revision >= ${from}::integer${below}
    order by a.revision desc limit ${limit}`))
  return rows.map(([revision, at, userId, action, changes]) => ({ revision: Number(revision), at: at ?? '', userId: userId ?? '', action: action ?? '', changes: JSON.parse(changes ?? '{}') as AuditedChange['changes'] }))
}

const entryOf = ({ revision, at, userId, action }: AuditedChange): RecordVersionEntry => ({ revision, at, userId, action })

function revisionOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new OpsFluxError('not-found', 'A version is named by its revision, such as 3.')
  return Number(text)
}

// RFC 9110 §13.1.1, as for every update.
function seenRevision({ headers }: SubresourceRequest): number {
  const revision = /^"(\d{1,9})"$/.exec(headers['if-match']?.trim() ?? '')?.[1]
  if (revision === undefined) throw invalidRequest('Send the revision you have read as the header If-Match, such as If-Match: "3".')
  return Number(revision)
}

const noSuchVersion = ({ entity }: SubresourceRequest): OpsFluxError => new OpsFluxError('not-found', `The ${entity.name} has no such version, or its history does not reach back to it.`)
