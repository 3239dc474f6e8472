import { sql, type DatabaseTransaction, type EntityResponse, type SubresourceRequest } from '@opsflux/data'
import { OpsFluxError, type Attachment } from '@opsflux/sdk'
import { findFiles, isoText, storedFileColumns, storedFileOf } from '../files/index.ts'
import { recordLimits } from './limits.ts'
import { lockRecord, noteChange } from './record-change.ts'
import { answer, bodyOf, idOf, isUuid, methodNotAllowed, noContent, noSuchAddress, pageOf, refuseAll, wrong } from './request.ts'

/** `…/:id/attachments`: who sees the record sees them; who may edit it attaches files of their own, and takes any off. */
export const attachments = {
  feature: 'attachments',
  handle: async (request: SubresourceRequest): Promise<EntityResponse> => {
    const [fileId, ...rest] = request.path
    if (rest.length > 0) throw noSuchAddress(request.entity)
    if (fileId !== undefined) return single(request, fileId)
    switch (request.method) {
      case 'GET': return list(request)
      case 'POST': return attach(request)
      default: throw methodNotAllowed(request, 'GET, POST')
    }
  },
} as const

function single(request: SubresourceRequest, fileId: string): Promise<EntityResponse> {
  if (!isUuid(fileId)) throw noSuchAttachment()
  if (request.method !== 'DELETE') throw methodNotAllowed(request, 'DELETE')
  return detach(request, fileId.toLowerCase())
}

async function list(request: SubresourceRequest): Promise<EntityResponse> {
  const { limit, after } = pageOf(request, /^\d{1,3}$/)
  const offset = Number(after ?? 0)
  const rows = await request.transaction.use((transaction) => select(transaction, request, sql` order by u.at, f.id limit ${limit + 1} offset ${offset}`))
  const data = await withNames(request, rows.slice(0, limit))
  return answer(200, { data, next: rows.length > limit ? String(offset + limit) : null })
}

async function attach(request: SubresourceRequest): Promise<EntityResponse> {
  const { file } = bodyOf(request, ['file'])
  if (!isUuid(file)) return refuseFile()
  const id = file.toLowerCase()
  const [attached] = await request.transaction.use(async (transaction) => {
    const revision = await lockRecord(transaction, request, 'edit')
    const { pluginId, name: entity } = request.entity
    const known = await findFiles(transaction, [id], request.transaction.actor, { pluginId, entity, id: idOf(request) })
    if (!known.has(id)) refuseFile()
    if (await insertUse(transaction, request, id)) {
      await refuseMany(transaction, request)
      noteChange(transaction, request, { part: 'attachment', action: 'create', revision, changes: { file: { from: null, to: id }, name: { from: null, to: known.get(id) ?? null } } })
    }
    return select(transaction, request, sql` and f.id = ${id}::uuid`)
  })
  const [body] = await withNames(request, attached ? [attached] : [])
  return answer(201, body)
}

async function detach(request: SubresourceRequest, fileId: string): Promise<EntityResponse> {
  await request.transaction.use(async (transaction) => {
    const revision = await lockRecord(transaction, request, 'edit')
    const [attached] = await select(transaction, request, sql` and f.id = ${fileId}::uuid`)
    if (!attached) throw noSuchAttachment()
    noteChange(transaction, request, { part: 'attachment', action: 'delete', revision, changes: { file: { from: fileId, to: null }, name: { from: attached.name, to: null } } })
    await transaction.texts(sql`delete from opsflux.file_use u where ${isAttachedTo(request)} and u.file_id = ${fileId}::uuid`)
  })
  return noContent
}

type Attached = Omit<Attachment, 'attachedByName'>

const isAttachedTo = ({ entity, record }: SubresourceRequest) => sql`u.plugin_id = ${entity.pluginId} and u.entity = ${entity.name} and u.record_id = ${record['id']}::uuid and u.field is null`

async function select(transaction: DatabaseTransaction, request: SubresourceRequest, rest: ReturnType<typeof isAttachedTo>): Promise<Attached[]> {
  const rows = await transaction.texts(sql`select ${isoText('u.at')}, u.by, ${storedFileColumns} from opsflux.file_use u join opsflux.file f on f.tenant_id = u.tenant_id and f.id = u.file_id
    where ${isAttachedTo(request)}${rest}`)
  return rows.map(([attachedAt, attachedBy, ...file]) => ({ ...storedFileOf(file), attachedAt: attachedAt ?? '', attachedBy: attachedBy ?? '' }))
}

/** False when it is attached already. */
async function insertUse(transaction: DatabaseTransaction, request: SubresourceRequest, fileId: string): Promise<boolean> {
  const { entity, transaction: { actor } } = request
  const rows = await transaction.texts(sql`insert into opsflux.file_use (tenant_id, file_id, plugin_id, entity, record_id, by)
    values (${actor.tenantId}::uuid, ${fileId}::uuid, ${entity.pluginId}, ${entity.name}, ${idOf(request)}::uuid, ${actor.userId}::uuid) on conflict do nothing returning file_id`)
  return rows.length > 0
}

async function refuseMany(transaction: DatabaseTransaction, request: SubresourceRequest): Promise<void> {
  const [row] = await transaction.texts(sql`select count(*) from opsflux.file_use u where ${isAttachedTo(request)}`)
  if (Number(row?.[0]) > recordLimits.attachments) throw new OpsFluxError('conflict', `A ${request.entity.name} has at most ${recordLimits.attachments} attachments. Remove one first.`)
}

async function withNames(request: SubresourceRequest, attached: readonly Attached[]): Promise<Attachment[]> {
  const names = attached.length === 0 ? new Map<string, string>() : await request.transaction.userNames([...new Set(attached.map((one) => one.attachedBy))])
  return attached.map((one) => ({ ...one, attachedByName: names.get(one.attachedBy) ?? '' }))
}

function refuseFile(): never {
  refuseAll([wrong('file', 'reference', 'There is no such file among those you uploaded.')])
  throw noSuchAttachment()
}

const noSuchAttachment = (): OpsFluxError => new OpsFluxError('not-found', 'There is no such attachment.')
