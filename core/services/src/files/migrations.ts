import { readFileSync } from 'node:fs'

/** Kernel migrations of uploaded files, after those of core/data. */
export const fileMigrations = (): { id: string; sql: string }[] => [
  { id: 'files-0001', sql: readFileSync(new URL('./migrations/0001-files.sql', import.meta.url), 'utf8') },
]
