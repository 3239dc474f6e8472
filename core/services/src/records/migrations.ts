import { readFileSync } from 'node:fs'

/** Kernel migrations of what records have beside their fields, after those of uploaded files. */
export const recordMigrations = (): { id: string; sql: string }[] => [
  { id: 'comments-0001', sql: readFileSync(new URL('./migrations/0001-comments.sql', import.meta.url), 'utf8') },
]
