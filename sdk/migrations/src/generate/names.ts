import { createHash } from 'node:crypto'

/** Bytes of a name that PostgreSQL keeps; it cuts the rest off without a word. */
const nameBytes = 63

/** `correctiveAction` → `corrective_action`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Parts of a name joined; one too long ends with a hash of the whole, so that two do not become one. */
export function sqlName(...parts: readonly string[]): string {
  const name = parts.join('_')
  return name.length <= nameBytes ? name : `${name.slice(0, nameBytes - 9)}_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

/** As it is written in a statement: quoted only where it must be, for the sake of whoever reviews it. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reservedWords.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The columns as they stand in a list: `tenant_id, "order", id`. */
export const columnList = (columns: readonly string[]): string => columns.map(quoted).join(', ')

/** Whether a piece of SQL speaks of a column; a string that holds the word counts too. */
export const mentions = (sql: string, column: string): boolean => new RegExp(`(?<![\\w$])${column.replaceAll('$', '\\$')}(?![\\w$])`).test(sql)

// PostgreSQL 18, appendix C: reserved, and reserved but for functions and types.
const reservedWords: ReadonlySet<string> = new Set(`
  all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create cross
  current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except false
  fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar some
  symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when where window with
`.split(/\s+/).filter((word) => word !== ''))
