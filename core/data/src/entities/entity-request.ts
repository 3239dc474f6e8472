import { OpsFluxError, type Json } from '@opsflux/sdk'
import { invalidRequest, isObject } from './conditions.ts'
import type { EntityEngine } from './entity-engine.ts'
import type { Actor, EntityTransaction, HookCaller, Row } from './entity-transaction.ts'
import { pairsOf, parseQueryString } from './query-string.ts'
import { notFound } from './record-writer.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'

export interface EntityRequest {
  method: string
  /** Decoded segments after `/api/<plugin>/`. */
  path: readonly string[]
  /** Raw, with or without its `?`. */
  query: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>
  body: Json | undefined
}

export interface EntityResponse {
  status: number
  headers: Record<string, string>
  body?: Json
}

type Answer = (transaction: EntityTransaction) => Promise<EntityResponse>

/**
 * The REST resource of the entities of one release.
 * @throws OpsFluxError, to be answered as a problem
 */
export async function handleEntityRequest(
  engine: EntityEngine, release: ReleaseEntities, actor: Actor, hooks: HookCaller | undefined, request: EntityRequest,
): Promise<EntityResponse> {
  const [name = '', ...rest] = request.path
  const answer = answerOf(release, release.entity(name), rest, request)
  return engine.run(release, actor, hooks, answer, { savepoints: false })
}

function answerOf(release: ReleaseEntities, entity: ReleaseEntity, path: readonly string[], request: EntityRequest): Answer {
  const [id, step, name] = path
  if (path.length > 0 || request.method !== 'GET') refuseParameters(request)
  if (id === undefined) return collection(release, entity, request)
  if (path.length === 1 && id === 'aggregate') return aggregation(entity, request)
  if (path.length === 1) return single(entity, id, request)
  if (path.length === 3 && step === 'transitions' && name !== undefined) return transition(entity, id, name, request)
  throw new OpsFluxError('not-found', `${entity.name} has no such address.`)
}

function collection(release: ReleaseEntities, entity: ReleaseEntity, request: EntityRequest): Answer {
  switch (request.method) {
    case 'GET': {
      const query = parseQueryString(entity, request.query)
      return async (transaction) => ({ status: 200, headers: {}, body: { ...await transaction.list(entity.name, query) } })
    }
    case 'POST': {
      const input = objectBody(request)
      return async (transaction) => {
        const record = await transaction.create(entity.name, input)
        return answerRecord(201, record, { location: `/api/${release.pluginId}/${entity.name}/${String(record['id'])}` })
      }
    }
    default: throw methodNotAllowed(request, 'GET, POST')
  }
}

function single(entity: ReleaseEntity, id: string, request: EntityRequest): Answer {
  switch (request.method) {
    case 'GET': return async (transaction) => {
      const record = await transaction.findOne(entity.name, id)
      if (!record) throw notFound(entity)
      return answerRecord(200, record)
    }
    case 'PATCH': {
      const changes = objectBody(request)
      const revision = revisionOf(request)
      return async (transaction) => answerRecord(200, await transaction.update(entity.name, id, changes, { revision }))
    }
    case 'DELETE': {
      const revision = revisionOf(request)
      return async (transaction) => {
        await transaction.remove(entity.name, id, { revision })
        return { status: 204, headers: {} }
      }
    }
    default: throw methodNotAllowed(request, 'GET, PATCH, DELETE')
  }
}

function aggregation(entity: ReleaseEntity, request: EntityRequest): Answer {
  if (request.method !== 'POST') throw methodNotAllowed(request, 'POST')
  const aggregate = objectBody(request)
  return async (transaction) => ({ status: 200, headers: {}, body: (await transaction.aggregate(entity.name, aggregate)).map((group) => ({ ...group })) })
}

function transition(entity: ReleaseEntity, id: string, name: string, request: EntityRequest): Answer {
  if (request.method !== 'POST') throw methodNotAllowed(request, 'POST')
  const revision = revisionOf(request)
  return async (transaction) => answerRecord(200, await transaction.transition(entity.name, id, name, { revision }))
}

function answerRecord(status: number, record: Row, headers: Record<string, string> = {}): EntityResponse {
  return { status, headers: { etag: `"${String(record['revision'])}"`, ...headers }, body: record }
}

// RFC 9110 §13.1.1: If-Match compares strongly; a revision is the only ETag a record has.
function revisionOf(request: EntityRequest): number {
  const header = request.headers['if-match']
  if (header === undefined) throw invalidRequest('Send the revision you have read as the header If-Match, such as If-Match: "3".')
  const revision = Number(/^"(\d{1,15})"$/.exec(header.trim())?.[1])
  if (!Number.isSafeInteger(revision)) throw invalidRequest('The header If-Match must be one revision in quotes, such as "3".')
  return revision
}

function objectBody(request: EntityRequest): { [key: string]: Json } {
  if (!isObject(request.body)) throw invalidRequest('Send a JSON object as the body.')
  return request.body
}

function refuseParameters(request: EntityRequest): void {
  const [parameter] = pairsOf(request.query).keys()
  if (parameter !== undefined) throw invalidRequest(`There is no parameter "${parameter.slice(0, 100)}" here.`)
}

function methodNotAllowed(request: EntityRequest, allowed: string): OpsFluxError {
  return new OpsFluxError('method-not-allowed', `${request.method} cannot be used here. Use ${allowed}.`, { data: { allow: allowed } })
}
