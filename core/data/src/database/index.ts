export { openDatabase } from './database.ts'
export type { Actor, Database, DatabaseOptions, DatabaseTransaction, Tables } from './database.ts'
export type { KernelMigration } from './kernel-migrations.ts'
