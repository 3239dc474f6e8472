import { readFileSync } from 'node:fs'

const text = (file: string): string => readFileSync(new URL(`./migrations/${file}.sql`, import.meta.url), 'utf8')

/** Kernel migrations of the outbox, whose table is one of the engine's. */
export const outboxMigrations = (): { id: string; sql: string }[] => [{ id: 'outbox-0001', sql: text('0001-deliveries') }]
