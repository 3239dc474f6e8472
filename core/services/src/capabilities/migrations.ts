import { readFileSync } from 'node:fs'

/** Kernel migrations of this service, after those of the module manager. */
export const capabilityMigrations = (): { id: string; sql: string }[] => [
  { id: 'capabilities-0001', sql: readFileSync(new URL('./migrations/0001-capabilities.sql', import.meta.url), 'utf8') },
]
