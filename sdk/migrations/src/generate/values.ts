import { literal } from './names.ts'
import type { Column } from './model.ts'

/**
 * What a row gets in a column that must not be null and has no default: something neutral, for the author to replace.
 * Undefined where any value would be a wrong one: a record, a person, a key.
 */
export function neutralValue({ type, default: value, values, kind }: Column): string | undefined {
  if (value !== undefined) return value
  if (values !== undefined) return literal(values[0] ?? '')
  if (kind === 'encrypted') return undefined
  return type.startsWith('varchar') ? "'?'" : type.startsWith('numeric') ? '0' : neutral[type]
}

const neutral: Record<string, string> = {
  text: "'?'", bigint: '0', boolean: 'false', date: 'created_at::date', timestamptz: 'created_at', jsonb: "'{}'::jsonb", tstzrange: 'tstzrange(created_at, null)', 'double precision': '0',
  // ISO 4217: for tests.
  'char(3)': "'XTS'",
}
