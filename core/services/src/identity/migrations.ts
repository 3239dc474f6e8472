import { readFileSync } from 'node:fs'

/** Kernel migrations of the identity service, after those of core/data. */
export const identityMigrations = (): { id: string; sql: string }[] => [
  { id: 'identity-0001', sql: readFileSync(new URL('./migrations/0001-identity.sql', import.meta.url), 'utf8') },
]
