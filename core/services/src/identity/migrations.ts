import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of the identity service, after those of core/data. */
export const identityMigrations = (): { id: string; sql: string }[] => [
  { id: 'identity-0001', sql: text('0001-identity') },
  { id: 'identity-0002', sql: text('0002-access') },
]
