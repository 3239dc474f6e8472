import { readFileSync } from 'node:fs'

/** Kernel migrations of custom fields, after those of core/data. */
export const customFieldMigrations = (): { id: string; sql: string }[] => [
  { id: 'custom-fields-0001', sql: readFileSync(new URL('./migrations/0001-custom-fields.sql', import.meta.url), 'utf8') },
]
