import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of the secrets of plugins, after those of core/data. */
export const secretMigrations = (): { id: string; sql: string }[] => [
  { id: 'secrets-0001', sql: text('0001-plugin-secrets') },
  { id: 'secrets-0002', sql: text('0002-forced') },
]
