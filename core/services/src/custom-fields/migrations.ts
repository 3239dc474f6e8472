import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of custom fields, after those of core/data and of identity. */
export const customFieldMigrations = (): { id: string; sql: string }[] => [
  { id: 'custom-fields-0001', sql: text('0001-custom-fields') },
  { id: 'custom-fields-0002', sql: text('0002-custom-values') },
]
