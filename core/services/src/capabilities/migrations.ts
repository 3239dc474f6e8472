import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of this service, after those of the module manager. */
export const capabilityMigrations = (): { id: string; sql: string }[] => [
  { id: 'capabilities-0001', sql: text('0001-capabilities') },
  { id: 'capabilities-0002', sql: text('0002-forced') },
]
