export { Outbox } from './outbox.ts'
export type { OutboxParts } from './outbox.ts'
export { outboxMigrations } from './migrations.ts'
