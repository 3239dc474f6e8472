import { readFileSync } from 'node:fs'

/** Kernel migrations of the module manager, after those of the identity service. */
export const moduleMigrations = (): { id: string; sql: string }[] => [
  { id: 'modules-0001', sql: readFileSync(new URL('./migrations/0001-plans.sql', import.meta.url), 'utf8') },
]
