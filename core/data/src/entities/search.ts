import { queryLimits } from '@opsflux/sdk'
import { sql } from '../database/sql.ts'
import { containsText, invalidRequest, type Condition } from './conditions.ts'
import { isStorableText } from './field-formats.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { SortKey } from './sort.ts'

export interface Search {
  conditions: Condition[]
  /** The best matches first; none where words are only looked for. */
  rank?: SortKey[]
}

/**
 * The records that hold every word of `q`, or words that begin so.
 * @throws invalid-request
 */
export function searchOf(entity: ReleaseEntity, q: string | undefined): Search | undefined {
  if (q === undefined) return undefined
  if (typeof q !== 'string' || q.length > queryLimits.searchCharacters || !isStorableText(q)) throw invalidRequest(`"q" takes text of at most ${queryLimits.searchCharacters} characters.`)
  const words = q.split(/\s+/u).filter((word) => word !== '')
  if (words.length > queryLimits.searchWords) throw invalidRequest(`"q" takes at most ${queryLimits.searchWords} words.`)
  const weighted = Object.entries(entity.declaration.fields).flatMap(([field, { search }]) => (search === undefined ? [] : [field]))
  // The words of a field that the user may not see are in the same column: then the others are looked through one by one.
  const seesAll = weighted.every((field) => entity.columns.has(field))
  return entity.features.search && seesAll ? byWeight(words) : byFields(entity, words, entity.declaration.search ?? weighted)
}

// What is no letter or digit separates words, as it mostly does in `to_tsvector`; nothing of a caller is read as tsquery syntax.
function byWeight(words: readonly string[]): Search {
  const stems = words.flatMap((word) => word.split(/[^\p{L}\p{N}]+/u)).filter((stem) => stem !== '')
  if (stems.length === 0) return { conditions: words.length === 0 ? [] : [sql`false`] }
  const query = sql`to_tsquery('simple', ${stems.map(beginningWith).join(' & ')})`
  return {
    conditions: [sql`record.search_vector @@ ${query}`],
    rank: [{ field: 'rank', descending: true, rank: sql`ts_rank(record.search_vector, ${query})`, type: 'real', mayBeNull: false }],
  }
}

// `to_tsvector` takes the hyphen before a number for its sign: INC-2026-0001 is `inc`, `-2026` and `-0001`.
const beginningWith = (stem: string): string => (/^\d/.test(stem) ? `('${stem}':* | '-${stem}':*)` : `'${stem}':*`)

/** Also for releases from before weights existed. */
function byFields(entity: ReleaseEntity, words: readonly string[], fields: readonly string[]): Search {
  const columns = fields.flatMap((field) => entity.columns.get(field) ?? [])
  if (columns.length === 0) throw invalidRequest(`${entity.name} has no fields that are searched: "q" cannot be used.`)
  return { conditions: words.map((word) => sql`(${sql.join(columns.map((column) => containsText(column, word)), ' or ')})`) }
}
