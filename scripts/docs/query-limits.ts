import { queryLimits } from '@opsflux/sdk'

const what: Record<keyof typeof queryLimits, string> = {
  limit: 'records on a page', defaultLimit: 'records on a page unless asked otherwise', paged: 'records that pages by number reach', conditions: 'tests of one query',
  listValues: 'values of `in`, `nin` and `has`', sortFields: 'fields of `sort`', pathSteps: 'references followed by a path', expanded: 'paths of `expand`',
  searchCharacters: 'characters of `q`', searchWords: 'words of `q`', queryStringBytes: 'bytes of a query string', groups: 'fields of `groupBy`', measures: 'measures of one aggregate',
  groupRows: 'groups of one aggregate', bulk: 'writes of one bulk request', links: 'records linked by one field', idempotencyKey: 'characters of an `Idempotency-Key`',
  idempotencyHours: 'hours that an `Idempotency-Key` is remembered', customFields: 'fields that administrators add to one entity',
}

/** The limits of the API as a table of `docs/reference/rest-api.md`. */
export function queryLimitTable(): string {
  const rows = (Object.keys(what) as (keyof typeof queryLimits)[]).map((name) => `| ${what[name]} | ${queryLimits[name].toLocaleString('en')} |`)
  return ['| what | at most |', '|---|---|', ...rows].join('\n')
}
