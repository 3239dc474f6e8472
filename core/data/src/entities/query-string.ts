import type { Json } from '@opsflux/sdk'
import type { Column } from './columns.ts'
import { columnOf, invalidRequest, isOperatorName, type OperatorName } from './conditions.ts'
import type { EntityQuery } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { expectation, fromText } from './values.ts'

const maxBytes = 8_192
const parameters = ['where', 'sort', 'limit', 'after', 'q', 'count'] as const

/**
 * Reads a query string as `queryString()` of the SDK's client writes it.
 * Lists are comma-joined, with `\` before a comma or `\` that is part of a value; an empty text is the empty list.
 * @param text with or without its `?`
 * @throws invalid-request naming the parameter, field or operator that is unknown, repeated or malformed
 */
export function parseQueryString(entity: ReleaseEntity, text: string): EntityQuery {
  const given = pairsOf(text)
  const where = new Map<string, { [operator: string]: Json }>()
  const query: EntityQuery = {}
  for (const [key, value] of given) {
    if (key.startsWith('where[')) addTest(entity, where, key, value)
    else addParameter(query, key, value)
  }
  return where.size > 0 ? { ...query, where: Object.fromEntries(where) } : query
}

/** The decoded parameters of a query string, none twice. @throws invalid-request */
export function pairsOf(text: string): Map<string, string> {
  if (Buffer.byteLength(text) > maxBytes) throw invalidRequest(`The query string is longer than ${maxBytes} bytes. Ask for less at once.`)
  const pairs = new Map<string, string>()
  for (const part of text.replace(/^\?/, '').split('&').filter((one) => one !== '')) {
    const equals = part.indexOf('=')
    const key = decode(equals < 0 ? part : part.slice(0, equals))
    if (pairs.has(key)) throw invalidRequest(`The parameter "${key.slice(0, 100)}" is given twice.`)
    pairs.set(key, equals < 0 ? '' : decode(part.slice(equals + 1)))
  }
  return pairs
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalidRequest('The query string is not percent-encoded as it should be.')
  }
}

function addParameter(query: EntityQuery, key: string, value: string): void {
  switch (key) {
    case 'sort': query.sort = splitList(value); break
    case 'limit': query.limit = limitOf(value); break
    case 'after': query.after = value; break
    case 'q': query.q = value; break
    case 'count': query.count = truth(value); break
    default: throw invalidRequest(`There is no parameter "${key.slice(0, 100)}". Use ${parameters.join(', ')}.`)
  }
}

function limitOf(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalidRequest('"limit" takes a whole number from 1 to 200.')
  return Number(value)
}

function truth(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw invalidRequest('"count" takes true or false.')
  return value === 'true'
}

/** Adds the test of `where[field]=…` or `where[field][operator]=…`. */
function addTest(entity: ReleaseEntity, where: Map<string, { [operator: string]: Json }>, key: string, value: string): void {
  const [, field, operator = 'eq'] = /^where\[([^[\]]+)\](?:\[([^[\]]+)\])?$/.exec(key) ?? []
  if (field === undefined) throw invalidRequest(`"${key.slice(0, 100)}" is not of the form where[field][operator].`)
  const column = columnOf(entity, field)
  if (!isOperatorName(operator)) throw invalidRequest(`There is no operator "${operator.slice(0, 100)}".`)
  const tests = where.get(field) ?? {}
  if (Object.hasOwn(tests, operator)) throw invalidRequest(`"${operator}" on ${field} is given twice.`)
  where.set(field, { ...tests, [operator]: operandOf(column, operator, value) })
}

function operandOf(column: Column, operator: OperatorName, text: string): Json {
  if (operator === 'null') return truthOrText(text)
  if (operator === 'contains') return text
  if (operator === 'in' || operator === 'nin') return splitList(text).map((item) => valueOf(column, operator, item))
  return valueOf(column, operator, text)
}

function truthOrText(text: string): Json {
  return text === 'true' ? true : text === 'false' ? false : text
}

function valueOf(column: Column, operator: string, text: string): Json {
  const value = fromText(column.kind, text)
  if (value === undefined) throw invalidRequest(`"${operator}" on ${column.field} takes ${expectation(column)}.`)
  return value
}

/** `a\,b,c` → `a,b` and `c`. */
export function splitList(text: string): string[] {
  if (text === '') return []
  return [...`,${text}`.matchAll(/,((?:[^\\,]|\\[^])*)/g)].map(([, item = '']) => item.replace(/\\([^])/g, '$1'))
}
