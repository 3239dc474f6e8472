import type { DatabaseTransaction, EntityResponse, SubresourceRequest } from '@opsflux/data'
import { OpsFluxError, type Comment } from '@opsflux/sdk'
import { countComments, deleteComment, insertComment, lockComment, selectComments, updateComment, type CommentRow } from './comment-rows.ts'
import { recordLimits } from './limits.ts'
import { lockRecord, noteChange } from './record-change.ts'
import { answer, bodyOf, idOf, isUuid, methodNotAllowed, noContent, noSuchAddress, pageOf, refuseAll, uuid, wrong } from './request.ts'

/** `…/:id/comments`: who sees the record reads and writes them; their own they change and delete, with `manage` on the record others' go too. */
export const comments = {
  feature: 'comments',
  handle: async (request: SubresourceRequest): Promise<EntityResponse> => {
    const [id, ...rest] = request.path
    if (rest.length > 0) throw noSuchAddress(request.entity)
    return id === undefined ? collection(request) : single(request, id)
  },
} as const

function collection(request: SubresourceRequest): Promise<EntityResponse> {
  switch (request.method) {
    case 'GET': return list(request)
    case 'POST': return create(request)
    default: throw methodNotAllowed(request, 'GET, POST')
  }
}

function single(request: SubresourceRequest, id: string): Promise<EntityResponse> {
  if (!isUuid(id)) throw noSuchComment()
  switch (request.method) {
    case 'PATCH': return edit(request, id)
    case 'DELETE': return remove(request, id)
    default: throw methodNotAllowed(request, 'PATCH, DELETE')
  }
}

async function list(request: SubresourceRequest): Promise<EntityResponse> {
  const { limit, after } = pageOf(request, uuid)
  const rows = await request.transaction.use((transaction) => selectComments(transaction, request, limit + 1, after))
  const data = await withNames(request, rows.slice(0, limit))
  return answer(200, { data, next: rows.length > limit ? data.at(-1)?.id : null })
}

async function create(request: SubresourceRequest): Promise<EntityResponse> {
  const { text, parent } = readComment(request)
  const row = await request.transaction.use(async (transaction) => {
    const revision = await lockRecord(transaction, request, 'view')
    if (await countComments(transaction, request) >= recordLimits.comments) throw new OpsFluxError('conflict', `A ${request.entity.name} has at most ${recordLimits.comments} comments. Delete one first.`)
    if (parent !== undefined) await refuseParent(transaction, request, parent)
    const made = await insertComment(transaction, request, { text, parent })
    noteChange(transaction, request, { part: 'comment', action: 'create', revision, changes: { comment: { from: null, to: made.id }, text: { from: null, to: text } } })
    return made
  })
  const { pluginId, name } = request.entity
  return answerOne(201, request, row, { location: `/api/${pluginId}/${name}/${idOf(request)}/comments/${row.id}` })
}

async function edit(request: SubresourceRequest, id: string): Promise<EntityResponse> {
  const { text } = readComment(request, { isNew: false })
  const row = await request.transaction.use(async (transaction) => {
    const revision = await lockRecord(transaction, request, 'view')
    const before = await lockStanding(transaction, request, id)
    if (before.createdBy !== request.transaction.actor.userId) throw new OpsFluxError('forbidden', 'Only who wrote a comment may change it.')
    noteChange(transaction, request, { part: 'comment', action: 'update', revision, changes: { comment: { from: id, to: id }, text: { from: before.text, to: text } } })
    return updateComment(transaction, id, text)
  })
  return answerOne(200, request, row)
}

async function remove(request: SubresourceRequest, id: string): Promise<EntityResponse> {
  await request.transaction.use(async (transaction) => {
    // The record first, as in a creation: taken in another order, two would wait for each other.
    const revision = await lockRecord(transaction, request, 'view')
    const before = await lockStanding(transaction, request, id)
    if (before.createdBy !== request.transaction.actor.userId) await lockRecord(transaction, request, 'manage')
    noteChange(transaction, request, { part: 'comment', action: 'delete', revision, changes: { comment: { from: id, to: null }, text: { from: before.text, to: null } } })
    await deleteComment(transaction, before)
  })
  return noContent
}

function readComment(request: SubresourceRequest, { isNew = true }: { isNew?: boolean } = {}): { text: string; parent: string | undefined } {
  const { text, parent = null } = bodyOf(request, ['text'], isNew ? ['parent'] : [])
  const isText = typeof text === 'string' && text.trim() !== '' && [...text].length <= recordLimits.commentCharacters && text.isWellFormed() && !text.includes('\0')
  refuseAll([
    ...(isText ? [] : [wrong('text', 'text', `A comment has 1 to ${recordLimits.commentCharacters} characters.`)]),
    ...(parent === null || isUuid(parent) ? [] : [wrong('parent', 'reference', 'There is no such comment.')]),
  ])
  return { text: String(text), parent: parent === null ? undefined : String(parent).toLowerCase() }
}

async function refuseParent(transaction: DatabaseTransaction, request: SubresourceRequest, parent: string): Promise<void> {
  const found = await lockComment(transaction, request, parent)
  if (!found || found.deletedAt !== null) refuseAll([wrong('parent', 'reference', 'There is no such comment.')])
  if (found?.parent) refuseAll([wrong('parent', 'level', 'This is an answer itself: answer the comment it belongs to.')])
}

async function lockStanding(transaction: DatabaseTransaction, request: SubresourceRequest, id: string): Promise<CommentRow> {
  const found = await lockComment(transaction, request, id)
  if (!found || found.deletedAt !== null) throw noSuchComment()
  return found
}

async function answerOne(status: number, request: SubresourceRequest, row: CommentRow, headers: Record<string, string> = {}): Promise<EntityResponse> {
  const [comment] = await withNames(request, [row])
  return answer(status, comment, headers)
}

async function withNames(request: SubresourceRequest, rows: readonly CommentRow[]): Promise<Comment[]> {
  const names = rows.length === 0 ? new Map<string, string>() : await request.transaction.userNames([...new Set(rows.map((row) => row.createdBy))])
  return rows.map((row) => ({ ...row, authorName: names.get(row.createdBy) ?? '' }))
}

const noSuchComment = (): OpsFluxError => new OpsFluxError('not-found', 'There is no such comment.')
