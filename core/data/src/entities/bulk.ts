import { isOpsFluxError, OpsFluxError, queryLimits, type BulkReport, type BulkResult, type Json } from '@opsflux/sdk'
import { invalidRequest, isObject } from './conditions.ts'
import type { EntitySession } from './entity-session.ts'

interface Operation { operation: BulkResult['operation']; index: number; id?: string; run(): Promise<{ id?: string; revision?: number }> }

const parameters = ['atomic', 'create', 'update', 'delete']

/** Whether the request wants all or none. */
export const isAtomic = (body: { [key: string]: Json }): boolean => body['atomic'] !== false

/**
 * Up to 1,000 writes of one entity: all or none, or each for itself with a report, for which the session undoes failed writes alone.
 * @param onRefused told of each record that may not be had, @throws invalid-request; when all or none, the error of the first that fails, with its place in `bulk`
 */
export async function bulkWrite(session: EntitySession, entity: string, body: { [key: string]: Json }, onRefused: (id: string, error: OpsFluxError) => void): Promise<BulkReport> {
  const { atomic = true } = body
  const unknown = Object.keys(body).find((name) => !parameters.includes(name))
  if (unknown !== undefined) throw invalidRequest(`A bulk request has no "${unknown.slice(0, 100)}". It has ${parameters.join(', ')}.`)
  if (typeof atomic !== 'boolean') throw invalidRequest('"atomic" takes true or false.')
  const operations = operationsOf(session, entity, body)
  if (operations.length === 0 || operations.length > queryLimits.bulk) throw invalidRequest(`A bulk request holds 1 to ${queryLimits.bulk} writes; this one ${operations.length}.`)
  const results: BulkResult[] = []
  for (const one of operations) results.push(await resultOf(one, atomic, onRefused))
  const failed = results.filter(({ error }) => error !== undefined).length
  return { succeeded: results.length - failed, failed, results }
}

function operationsOf(session: EntitySession, entity: string, body: { [key: string]: Json }): Operation[] {
  return [
    ...listOf(body, 'create').map((input, index): Operation => ({ operation: 'create', index, run: () => session.created(entity, input) })),
    ...listOf(body, 'update').map((item, index): Operation => {
      const { id, seen, changes } = addressed(item, 'update', ['id', 'revision', 'changes'])
      return { operation: 'update', index, id, run: () => session.updated(entity, id, changes, seen) }
    }),
    ...listOf(body, 'delete').map((item, index): Operation => {
      const { id, seen } = addressed(item, 'delete', ['id', 'revision'])
      return { operation: 'delete', index, id, run: async () => { await session.remove(entity, id, seen); return { id } } }
    }),
  ]
}

function listOf(body: { [key: string]: Json }, name: string): Json[] {
  const list = body[name] ?? []
  if (!Array.isArray(list)) throw invalidRequest(`"${name}" takes a list.`)
  return list
}

function addressed(item: Json, operation: string, names: readonly string[]): { id: string; seen: { revision?: number }; changes: Json } {
  const fits = isObject(item) && Object.keys(item).every((name) => names.includes(name)) && typeof item['id'] === 'string' && (item['revision'] === undefined || Number.isSafeInteger(item['revision']))
  if (!fits) throw invalidRequest(`Each "${operation}" is an object of ${names.join(', ')}; the revision may be left out.`)
  const { id, revision, changes = null } = item
  return { id: String(id), seen: revision === undefined ? {} : { revision: Number(revision) }, changes }
}

async function resultOf({ operation, index, id: asked, run }: Operation, atomic: boolean, onRefused: (id: string, error: OpsFluxError) => void): Promise<BulkResult> {
  try {
    const { id, revision } = await run()
    return { operation, index, ...(id === undefined ? {} : { id }), ...(revision === undefined ? {} : { revision }) }
  } catch (error) {
    if (!isOpsFluxError(error)) throw error
    if (asked !== undefined) onRefused(asked, error)
    if (atomic) throw new OpsFluxError(error.code, error.message, { data: { ...error.data, bulk: { operation, index } }, cause: error })
    return { operation, index, error: problemOf(error) }
  }
}

function problemOf({ code, message, data }: OpsFluxError): NonNullable<BulkResult['error']> {
  const errors = data['errors'] as NonNullable<BulkResult['error']>['errors']
  return { code, detail: message, ...(errors ? { errors } : {}) }
}
