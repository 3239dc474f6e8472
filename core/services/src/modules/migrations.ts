import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of the module manager, after those of the identity service. */
export const moduleMigrations = (): { id: string; sql: string }[] => [
  { id: 'modules-0001', sql: text('0001-plans') },
  { id: 'modules-0002', sql: text('0002-release-seals') },
  { id: 'modules-0003', sql: text('0003-lifecycle') },
  { id: 'modules-0004', sql: text('0004-tell-changes') },
]
