import { sql, type Sql } from '../database/sql.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { Writing } from './writing.ts'

/** The next numbers of the `sequence` fields of a new record, as text. */
export async function numbersOf(writing: Writing, entity: ReleaseEntity): Promise<Record<string, string>> {
  const numbers: Record<string, string> = {}
  for (const { field, declaration } of entity.list) {
    if (declaration?.sequence === undefined) continue
    const year = declaration.sequence.includes('{year}') ? Number(writing.now.slice(0, 4)) : 0
    const next = nextOf(writing, entity, field, year)
    // Without a gap: the number is taken back with the write, so the next one waits for it. Otherwise nobody waits.
    const [row] = declaration.gapless === true ? await writing.transaction.texts(next) : await writing.apart((transaction) => transaction.texts(next))
    numbers[field] = formatNumber(declaration.sequence, Number(writing.now.slice(0, 4)), row?.[0] ?? '')
  }
  return numbers
}

function nextOf({ actor }: Writing, { pluginId, name }: ReleaseEntity, field: string, year: number): Sql {
  return sql`insert into opsflux.sequence_counter as counter (tenant_id, plugin_id, entity, field, year, value) values (${actor.tenantId}::uuid, ${pluginId}, ${name}, ${field}, ${year}::integer, 1)
    on conflict (tenant_id, plugin_id, entity, field, year) do update set value = counter.value + 1 returning value`
}

/** `INC-{year}-{number:4}` → `INC-2026-0001`. */
export function formatNumber(pattern: string, year: number, number: string): string {
  return pattern.replaceAll('{year}', String(year)).replace(/\{number(?::(\d+))?\}/g, (_whole, digits: string | undefined) => number.padStart(Number(digits ?? 1), '0'))
}
