import type { EntityResponse, ReleaseEntity, SubresourceRequest } from '@opsflux/data'
import { OpsFluxError, queryLimits, type Json } from '@opsflux/sdk'

export const answer = (status: number, body: unknown, headers: Record<string, string> = {}): EntityResponse => ({ status, headers, text: JSON.stringify(body) })
export const noContent: EntityResponse = { status: 204, headers: {} }

export const idOf = ({ record }: Pick<SubresourceRequest, 'record'>): string => String(record['id'])

/** `limit` and `after` of a list. @throws invalid-request for other parameters, and for values that are none */
export function pageOf({ query }: SubresourceRequest, cursor: RegExp): { limit: number; after: string | undefined } {
  const parameters = [...new URLSearchParams(query)]
  const unknown = parameters.find(([name], index) => !['limit', 'after'].includes(name) || parameters.findIndex(([other]) => other === name) !== index)
  if (unknown) throw invalidRequest(`The parameter "${unknown[0].slice(0, 100)}" is not known here, or given twice. There are limit and after.`)
  const { limit = String(queryLimits.defaultLimit), after } = Object.fromEntries(parameters)
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > queryLimits.limit) throw invalidRequest(`"limit" takes a whole number from 1 to ${queryLimits.limit}.`)
  if (after !== undefined && !cursor.test(after)) throw invalidRequest('"after" is not a cursor of this list.')
  return { limit: Number(limit), after }
}

/** The body, which has these members and no others. @throws validation-failed */
export function bodyOf({ body }: SubresourceRequest, required: readonly string[], optional: readonly string[] = []): { [name: string]: Json } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalidRequest('Send a JSON object as the body.')
  const missing = required.filter((name) => body[name] === undefined).map((name) => wrong(name, 'required', 'A value is required.'))
  const unknown = Object.keys(body).filter((name) => !required.includes(name) && !optional.includes(name)).map((name) => wrong(name, 'unknown', 'There is no such member here.'))
  refuseAll([...missing, ...unknown])
  return body
}

export interface Wrong { path: string; code: string; message: string }
export const wrong = (name: string, code: string, message: string): Wrong => ({ path: `/${name}`, code, message })

/** @throws validation-failed when there is something wrong */
export function refuseAll(errors: readonly Wrong[]): void {
  if (errors.length === 0) return
  throw new OpsFluxError('validation-failed', `Correct ${errors.map(({ path }) => path.slice(1)).join(', ')} and send it again.`, { data: { errors: errors.map((error) => ({ ...error })) } })
}

export const invalidRequest = (detail: string): OpsFluxError => new OpsFluxError('invalid-request', detail)
export const noSuchAddress = (entity: ReleaseEntity): OpsFluxError => new OpsFluxError('not-found', `${entity.name} has no such address.`)

export function methodNotAllowed({ method }: SubresourceRequest, allowed: string): OpsFluxError {
  return new OpsFluxError('method-not-allowed', `${method} cannot be used here. Use ${allowed}.`, { data: { allow: allowed } })
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const isUuid = (text: Json | undefined): text is string => typeof text === 'string' && uuid.test(text)
