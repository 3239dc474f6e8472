import { sql, uuidV7, type DatabaseTransaction, type Sql, type SubresourceRequest } from '@opsflux/data'
import { isoText } from '../files/index.ts'
import { idOf } from './request.ts'

/** A comment as it is stored; instants as the API writes them. */
export interface CommentRow {
  id: string
  text: string
  createdAt: string
  createdBy: string
  editedAt: string | null
  deletedAt: string | null
  parent: string | null
}

const columns = sql`c.id, c.text, ${isoText('c.created_at')}, c.created_by, ${isoText('c.edited_at')}, ${isoText('c.deleted_at')}, c.parent`
const ofRecord = (request: SubresourceRequest): Sql => sql`c.plugin_id = ${request.entity.pluginId} and c.entity = ${request.entity.name} and c.record_id = ${idOf(request)}::uuid`

/** The oldest first, at most `limit` after that one. */
export async function selectComments(transaction: DatabaseTransaction, request: SubresourceRequest, limit: number, after?: string): Promise<CommentRow[]> {
  const from = after === undefined ? sql`` : sql` and c.id > ${after}::uuid`
  return (await transaction.texts(sql`select ${columns} from opsflux.comment c where ${ofRecord(request)}${from} order by c.id limit ${limit}`)).map(rowOf)
}

export async function countComments(transaction: DatabaseTransaction, request: SubresourceRequest): Promise<number> {
  const [row] = await transaction.texts(sql`select count(*) from opsflux.comment c where ${ofRecord(request)}`)
  return Number(row?.[0])
}

/** For change. */
export async function lockComment(transaction: DatabaseTransaction, request: SubresourceRequest, id: string): Promise<CommentRow | undefined> {
  const [row] = await transaction.texts(sql`select ${columns} from opsflux.comment c where ${ofRecord(request)} and c.id = ${id}::uuid for update`)
  return row && rowOf(row)
}

export async function insertComment(transaction: DatabaseTransaction, request: SubresourceRequest, { text, parent }: { text: string; parent: string | undefined }): Promise<CommentRow> {
  const { entity, transaction: { actor } } = request
  const [row] = await transaction.texts(sql`insert into opsflux.comment as c (id, tenant_id, plugin_id, entity, record_id, parent, text, created_by)
    values (${uuidV7()}::uuid, ${actor.tenantId}::uuid, ${entity.pluginId}, ${entity.name}, ${idOf(request)}::uuid, ${parent ?? null}::uuid, ${text}, ${actor.userId}::uuid) returning ${columns}`)
  return rowOf(row ?? [])
}

export async function updateComment(transaction: DatabaseTransaction, id: string, text: string): Promise<CommentRow> {
  const [row] = await transaction.texts(sql`update opsflux.comment as c set text = ${text}, edited_at = now() where c.id = ${id}::uuid returning ${columns}`)
  return rowOf(row ?? [])
}

/** One with answers leaves its place; the place goes with the last of them. */
export async function deleteComment(transaction: DatabaseTransaction, { id, parent }: CommentRow): Promise<void> {
  await transaction.many([
    sql`update opsflux.comment as c set text = '', deleted_at = now() where c.id = ${id}::uuid and exists (select from opsflux.comment a where a.parent = c.id)`,
    sql`delete from opsflux.comment as c where c.id = ${id}::uuid and c.deleted_at is null`,
    sql`delete from opsflux.comment as c where c.id = ${parent}::uuid and c.deleted_at is not null and not exists (select from opsflux.comment a where a.parent = c.id)`,
  ])
}

function rowOf([id, text, createdAt, createdBy, editedAt, deletedAt, parent]: readonly (string | null)[]): CommentRow {
  return { id: id ?? '', text: text ?? '', createdAt: createdAt ?? '', createdBy: createdBy ?? '', editedAt: editedAt ?? null, deletedAt: deletedAt ?? null, parent: parent ?? null }
}
