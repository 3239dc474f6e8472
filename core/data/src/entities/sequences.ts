import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { binCondition } from './list-query.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { Writing } from './writing.ts'

/** The next numbers of the `sequence` fields of a new record, as text. */
export async function numbersOf(writing: Writing, entity: ReleaseEntity): Promise<Record<string, string>> {
  const numbers: Record<string, string> = {}
  for (const column of entity.list) {
    const { declaration, field } = column
    if (declaration?.sequence === undefined) continue
    const sequence = sequenceOf(writing, entity, column, declaration.sequence)
    // Without a gap: the number is taken back with the write, so the next one waits for it. Otherwise nobody waits.
    const number = declaration.gapless === true ? await nextOf(writing.transaction, sequence) : await writing.apart((transaction) => nextOf(transaction, sequence))
    numbers[field] = formatNumber(declaration.sequence, Number(writing.now.slice(0, 4)), number)
  }
  return numbers
}

interface Sequence {
  table: Sql
  column: Sql
  /** Records that are not in the bin: the index is of those. */
  live: readonly Sql[]
  /** Tenant, plugin, entity, field and year of its counter. */
  key: readonly Sql[]
  /** What stands before and behind the number, and the digits it has at least. */
  before: string
  behind: string
  digits: number
}

function sequenceOf({ actor, now }: Writing, entity: ReleaseEntity, { field, ref }: Column, pattern: string): Sequence {
  const { pluginId, name, table } = entity
  const [before = '', digits, behind = ''] = pattern.replaceAll('{year}', now.slice(0, 4)).split(numberPart)
  const year = pattern.includes('{year}') ? Number(now.slice(0, 4)) : 0
  return { table, column: ref, live: binCondition(entity), before, behind, digits: Number(digits ?? 1), key: [sql`${actor.tenantId}::uuid`, sql`${pluginId}`, sql`${name}`, sql`${field}`, sql`${year}::integer`] }
}

/**
 * Counts on, but never to a number that a record has: migrations number the records they find, and bring numbers back that a way back had put aside.
 * All numbers, those in the bin too, are looked through when a counter begins, and when the next one is taken.
 */
async function nextOf(transaction: Writing['transaction'], sequence: Sequence): Promise<string> {
  const [counted] = await transaction.texts(countOn(sequence))
  const [value = '', isTaken] = counted ?? []
  if (counted && isTaken === 'f') return value ?? ''
  const [begun] = await transaction.texts(countBeyondRecords(sequence))
  return begun?.[0] ?? ''
}

const counterKey = sql.raw('(tenant_id, plugin_id, entity, field, year)')

function countOn({ table, column, live, key, before, behind, digits }: Sequence): Sql {
  const number = sql`${before}::text || lpad(counter.value::text, greatest(${digits}::integer, length(counter.value::text)), '0') || ${behind}::text`
  return sql`update opsflux.sequence_counter as counter set value = counter.value + 1 where ${counterKey} = (${sql.join(key)})
    returning counter.value, exists (select from ${table} as record where ${sql.join([sql`${column} = ${number}`, ...live], ' and ')})`
}

function countBeyondRecords({ table, column, key, before, behind }: Sequence): Sql {
  // A number of more digits is none of ours.
  const highest = sql`coalesce((select max(substr(${column}, length(${before}::text) + 1, length(${column}) - length(${before}::text) - length(${behind}::text))::bigint)
    from ${table} as record where ${column} ~ ${`^${escaped(before)}\\d{1,15}${escaped(behind)}$`}), 0)`
  return sql`insert into opsflux.sequence_counter as counter (tenant_id, plugin_id, entity, field, year, value) values (${sql.join(key)}, ${highest} + 1)
    on conflict ${counterKey} do update set value = greatest(counter.value, excluded.value - 1) + 1 returning value`
}

const numberPart = /\{number(?::(\d+))?\}/
const escaped = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '\\$&')

/** `INC-{year}-{number:4}` → `INC-2026-0001`. */
function formatNumber(pattern: string, year: number, number: string): string {
  return pattern.replaceAll('{year}', String(year)).replace(numberPart, (_whole, digits: string | undefined) => number.padStart(Number(digits ?? 1), '0'))
}
