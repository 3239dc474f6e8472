import { queryLimits, type Json } from '@opsflux/sdk'
import type { Column } from './columns.ts'
import { isObject } from './conditions.ts'
import type { EntityQuery } from './entity-transaction.ts'
import { columnOf } from './find-column.ts'
import { invalidRequest } from './invalid-request.ts'
import { isOperatorName, type OperatorName } from './operators.ts'
import { isPath } from './related-paths.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { expectation, fromText, isPartOfValue } from './values.ts'

const maxBytes = queryLimits.queryStringBytes
const parameters = ['where', 'sort', 'limit', 'after', 'page', 'q', 'count', 'fields', 'expand', 'deleted'] as const

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
    case 'limit': query.limit = wholeOf(key, value); break
    case 'page': query.page = wholeOf(key, value); break
    case 'after': query.after = value; break
    case 'q': query.q = value; break
    case 'count': query.count = value === 'exact' || value === 'estimated' ? value : truth(key, value); break
    case 'fields': query.fields = splitList(value); break
    case 'expand': query.expand = splitList(value); break
    case 'deleted': query.deleted = truth(key, value); break
    default: throw invalidRequest(`There is no parameter "${key.slice(0, 100)}". Use ${parameters.join(', ')}.`)
  }
}

function wholeOf(key: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalidRequest(`"${key}" takes a whole number from 1.`)
  return Number(value)
}

function truth(key: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw invalidRequest(`"${key}" takes true or false${key === 'count' ? ', exact or estimated' : ''}.`)
  return value === 'true'
}

type Tests = Map<string, { [operator: string]: Json }>

/** Adds the test of `where[field]=…`, `where[field][operator]=…` or, for values of several parts, `where[field][operator][part]=…`. */
function addTest(entity: ReleaseEntity, where: Tests, key: string, value: string): void {
  const { field, operator, part } = namesOf(key)
  // Which kind a field of another entity has is known where the test is made.
  const column = isPath(entity, field) ? undefined : columnOf(entity, field)
  if (!isOperatorName(operator)) throw invalidRequest(`There is no operator "${operator.slice(0, 100)}".`)
  const tests = where.get(field) ?? {}
  const known = Object.hasOwn(tests, operator) ? tests[operator] : undefined
  if (known !== undefined && (part === undefined || !isObject(known) || Object.hasOwn(known, part))) throw invalidRequest(`"${operator}" on ${field} is given twice.`)
  where.set(field, { ...tests, [operator]: part === undefined ? operandOf(column, operator, value) : { ...(isObject(known) ? known : {}), [part]: partOf(part, value) } })
}

function namesOf(key: string): { field: string; operator: string; part?: string | undefined } {
  const [, field, operator = 'eq', part] = /^where\[([^[\]]+)\](?:\[([^[\]]+)\])?(?:\[([^[\]]+)\])?$/.exec(key) ?? []
  if (field === undefined || (part !== undefined && part !== 'metres' && !isPartOfValue(part))) throw invalidRequest(`"${key.slice(0, 100)}" is not of the form where[field][operator].`)
  return part === undefined && isPartOfValue(operator) ? { field, operator: 'eq', part: operator } : { field, operator, part }
}

const numbers: ReadonlySet<string> = new Set(['minor', 'lat', 'lng', 'metres'])

function partOf(part: string, text: string): Json {
  if (numbers.has(part)) return /^-?\d{1,16}(\.\d{1,16})?(e-?\d{1,2})?$/.test(text) ? Number(text) : text
  return part === 'to' && text === '' ? null : text
}

const lists: ReadonlySet<OperatorName> = new Set<OperatorName>(['in', 'nin', 'between', 'has'])

function operandOf(column: Column | undefined, operator: OperatorName, text: string): Json {
  if (operator === 'null') return text === 'true' ? true : text === 'false' ? false : text
  const read = (item: string): Json => (column && operator !== 'contains' && operator !== 'startsWith' ? valueOf(column, operator, item) : item)
  return lists.has(operator) ? splitList(text).map(read) : read(text)
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
