import { readFileSync } from 'node:fs'

/** Kernel migrations of the secrets of plugins, after those of core/data. */
export const secretMigrations = (): { id: string; sql: string }[] => [
  { id: 'secrets-0001', sql: readFileSync(new URL('./migrations/0001-plugin-secrets.sql', import.meta.url), 'utf8') },
]
