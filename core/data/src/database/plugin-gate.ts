import { sql, type Sql } from './sql.ts'

/** Any number: tells the gates from other advisory locks. */
const gateSpace = 7_072_003

/**
 * Every transaction on a plugin's tables passes its gate before it holds anything else; a change of the schema closes it.
 * So a change meets no transaction that has some of the tables and wants others: nobody ends in a deadlock.
 */
export const passGate = (pluginId: string): Sql => sql`pg_advisory_xact_lock_shared(${sql.raw(String(gateSpace))}, hashtext(${pluginId}))`

/** The statement that closes the gate of plugin `$1` until the end of the transaction, after those who are through have ended. */
export const closeGate = `select pg_advisory_xact_lock(${gateSpace}, hashtext($1))`
