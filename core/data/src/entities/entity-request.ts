import { isOpsFluxError, OpsFluxError, type Json } from '@opsflux/sdk'
import { bulkWrite, isAtomic } from './bulk.ts'
import { invalidRequest, isObject } from './conditions.ts'
import type { EntityRequest, EntityResponse } from './entity-messages.ts'
import type { EntityEngine, Refusal } from './entity-engine.ts'
import type { EntitySession } from './entity-session.ts'
import type { Actor, EntityAggregate, EntityQuery, HookCaller } from './entity-transaction.ts'
import { answerOnce } from './idempotency.ts'
import { pairsOf, parseQueryString } from './query-string.ts'
import { notFound } from './record-lock.ts'
import type { ReleaseEntities } from './release-entities.ts'
import type { StoredRecord } from './stored-record.ts'
import type { Subresource } from './subresources.ts'
import { isUuid } from './uuid.ts'

/** How the entities of one release are served. */
export interface EntityService {
  engine: EntityEngine
  release: ReleaseEntities
  hooks: HookCaller | undefined
  /** By name. */
  subresources?: ReadonlyMap<string, Subresource>
}

interface Asked extends EntityRequest {
  service: EntityService
  entity: string
  /** Takes down an error that says a record may not be had; others it leaves alone. */
  noteRefused(id: string, error: unknown): void
}
interface Answer {
  run(session: EntitySession): Promise<EntityResponse>
  /** It is one operation of the session, which may commit by itself. */
  isWhole?: boolean
  /** Failed writes are undone alone. Default false: the first one ends the request. */
  savepoints?: boolean
}

/**
 * The REST resource of the entities of one release.
 * @throws OpsFluxError, to be answered as a problem
 */
export async function handleEntityRequest(service: EntityService, actor: Actor, request: EntityRequest): Promise<EntityResponse> {
  const [entity = '', id = ''] = request.path
  service.release.entity(entity)
  const refused: Refusal[] = []
  const noteRefused = (one: string, error: unknown): void => {
    if (isUuid(one) && isOpsFluxError(error) && (error.code === 'not-found' || error.code === 'forbidden')) refused.push({ id: one, reason: error.code })
  }
  try {
    return await answerRequest(service, actor, request, noteRefused)
  } catch (error) {
    noteRefused(id, error)
    throw error
  } finally {
    if (refused.length > 0) await service.engine.noteRefusals(actor, { pluginId: service.release.pluginId, entity }, refused)
  }
}

async function answerRequest(service: EntityService, actor: Actor, request: EntityRequest, noteRefused: Asked['noteRefused']): Promise<EntityResponse> {
  const { engine, release, hooks } = service
  const [entity = '', ...path] = request.path
  const { run, isWhole = false, savepoints = false } = answerOf({ ...request, path, service, entity, noteRefused })
  const key = request.headers['idempotency-key']
  if (key === undefined || request.method === 'GET') return engine.run(release, actor, hooks, run, { savepoints, isWhole })
  return engine.run(release, actor, hooks, (session) => answerOnce(session, key, request, () => run(session)), { savepoints })
}

function answerOf(asked: Asked): Answer {
  const { path: [id, step, name], path } = asked
  if (id === undefined) return collection(asked)
  if (path.length === 1 && id === 'aggregate') return aggregation(asked)
  if (path.length === 1 && id === 'bulk') return bulk(asked)
  if (path.length === 1) return single(asked, id)
  if (path.length === 3 && step === 'transitions' && name !== undefined) return steppingTo(asked, (session, seen) => session.transitioned(asked.entity, id, name, seen))
  if (path.length === 2 && step === 'restore') return steppingTo(asked, (session, seen) => session.restored(asked.entity, id, seen))
  if (path.length === 2 && step === 'purge') return purge(asked, id)
  if (path.length === 2 && step === 'history') return history(asked, id)
  return subresource(asked, id)
}

function collection(asked: Asked): Answer {
  const { entity, method, query, service } = asked
  switch (method) {
    case 'GET': return {
      isWhole: true,
      run: async (session) => answerText(200, (await session.page(entity, parseQueryString(await session.seen(entity), query))).toJson()),
    }
    case 'POST': {
      refuseParameters(asked)
      const input = objectBody(asked)
      return { isWhole: true, run: async (session) => {
        const stored = await session.created(entity, input)
        return answerRecord(201, stored, { location: `/api/${service.release.pluginId}/${entity}/${stored.id}` })
      } }
    }
    default: throw methodNotAllowed(method, 'GET, POST')
  }
}

function single(asked: Asked, id: string): Answer {
  const { entity, method } = asked
  switch (method) {
    case 'GET': return { isWhole: true, run: async (session) => {
      const seen = await session.seen(entity)
      const stored = await session.one(entity, id, singleQuery(parseQueryString(seen, asked.query)))
      if (!stored) throw notFound(seen)
      return answerRecord(200, stored)
    } }
    case 'PATCH': {
      refuseParameters(asked)
      const changes = objectBody(asked)
      const revision = revisionOf(asked)
      return { isWhole: true, run: async (session) => answerRecord(200, await session.updated(entity, id, changes, { revision })) }
    }
    case 'DELETE': {
      refuseParameters(asked)
      const revision = revisionOf(asked)
      return { isWhole: true, run: async (session) => {
        await session.remove(entity, id, { revision })
        return { status: 204, headers: {} }
      } }
    }
    default: throw methodNotAllowed(method, 'GET, PATCH, DELETE')
  }
}

function singleQuery(query: EntityQuery): Pick<EntityQuery, 'fields' | 'expand' | 'deleted'> {
  const { fields, expand, deleted, ...others } = query
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalidRequest(`There is no parameter "${unknown}" here. Use fields, expand, deleted.`)
  return { ...(fields ? { fields } : {}), ...(expand ? { expand } : {}), ...(deleted === undefined ? {} : { deleted }) }
}

function aggregation(asked: Asked): Answer {
  refuseParameters(asked)
  onlyPost(asked)
  const aggregate: EntityAggregate = objectBody(asked)
  return { run: async (session) => answerText(200, JSON.stringify(await session.aggregate(asked.entity, aggregate))) }
}

function bulk(asked: Asked): Answer {
  refuseParameters(asked)
  onlyPost(asked)
  const body = objectBody(asked)
  return { savepoints: !isAtomic(body), run: async (session) => answerText(200, JSON.stringify(await bulkWrite(session, asked.entity, body, asked.noteRefused))) }
}

function steppingTo(asked: Asked, step: (session: EntitySession, seen: { revision: number }) => Promise<StoredRecord>): Answer {
  refuseParameters(asked)
  onlyPost(asked)
  const revision = revisionOf(asked)
  return { isWhole: true, run: async (session) => answerRecord(200, await step(session, { revision })) }
}

function purge(asked: Asked, id: string): Answer {
  refuseParameters(asked)
  onlyPost(asked)
  const revision = revisionOf(asked)
  return { isWhole: true, run: async (session) => {
    await session.purge(asked.entity, id, { revision })
    return { status: 204, headers: {} }
  } }
}

function history(asked: Asked, id: string): Answer {
  if (asked.method !== 'GET') throw methodNotAllowed(asked.method, 'GET')
  const given = pairsOf(asked.query)
  const unknown = [...given.keys()].find((name) => name !== 'limit' && name !== 'after')
  if (unknown !== undefined) throw invalidRequest(`There is no parameter "${unknown.slice(0, 100)}" here. Use limit and after.`)
  const [limit, after] = [given.get('limit'), given.get('after')]
  const query = { ...(limit === undefined ? {} : { limit: Number(limit) }), ...(after === undefined ? {} : { after }) }
  return { run: async (session) => answerText(200, JSON.stringify(await session.history(asked.entity, id, query))) }
}

function subresource(asked: Asked, id: string): Answer {
  const { entity, path: [, name = '', ...rest], service, method, query, headers, body } = asked
  const offered = service.subresources?.get(name)
  if (!offered || !service.release.entity(entity).features[offered.feature]) throw new OpsFluxError('not-found', `${entity} has no such address.`)
  return { run: async (session) => {
    const seen = await session.seen(entity)
    const record = await session.findOne(entity, id)
    if (!record) throw notFound(seen)
    if (method !== 'GET') session.noteChange()
    return offered.handle({ transaction: session, entity: seen, whole: session.release.entity(entity), record, path: rest, method, query, headers, body })
  } }
}

const answerText = (status: number, text: string): EntityResponse => ({ status, headers: {}, text })

function answerRecord(status: number, stored: StoredRecord, headers: Record<string, string> = {}): EntityResponse {
  return { status, headers: { etag: `"${stored.revision}"`, ...headers }, text: stored.toJson() }
}

// RFC 9110 §13.1.1: If-Match compares strongly; a revision is the only ETag a record has.
function revisionOf({ headers }: EntityRequest): number {
  const header = headers['if-match']
  if (header === undefined) throw invalidRequest('Send the revision you have read as the header If-Match, such as If-Match: "3".')
  const revision = Number(/^"(\d{1,15})"$/.exec(header.trim())?.[1])
  if (!Number.isSafeInteger(revision)) throw invalidRequest('The header If-Match must be one revision in quotes, such as "3".')
  return revision
}

function objectBody({ body }: EntityRequest): { [key: string]: Json } {
  if (!isObject(body)) throw invalidRequest('Send a JSON object as the body.')
  return body
}

function refuseParameters({ query }: EntityRequest): void {
  const [parameter] = pairsOf(query).keys()
  if (parameter !== undefined) throw invalidRequest(`There is no parameter "${parameter.slice(0, 100)}" here.`)
}

function onlyPost({ method }: EntityRequest): void {
  if (method !== 'POST') throw methodNotAllowed(method, 'POST')
}

function methodNotAllowed(method: string, allowed: string): OpsFluxError {
  return new OpsFluxError('method-not-allowed', `${method} cannot be used here. Use ${allowed}.`, { data: { allow: allowed } })
}
