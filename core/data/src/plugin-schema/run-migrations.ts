import { judgeMigration, type MigrationFault } from '@opsflux/migrations'
import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import type { SchemaChange } from './types.ts'

/** A migration in one direction, judged and split. */
export interface Script {
  id: string
  direction: 'up' | 'down'
  statements: readonly string[]
}

export interface Scripts {
  /** `down` then `up` of the change. */
  forward: Script[]
  /** From there to where it began; undefined when a migration has no way back. */
  back: Script[] | undefined
}

/** Judges everything a change could run. @throws migration-failed */
export async function prepareScripts(change: SchemaChange, schema: string): Promise<Scripts> {
  const script = async (id: string, direction: 'up' | 'down', sql: string): Promise<Script> => ({ id, direction, statements: await judged(id, sql, schema) })
  const downs = await inOrder(change.down, ({ id, downSql }) => script(id, 'down', downSql))
  const ups = await inOrder(change.up, ({ id, upSql }) => script(id, 'up', upSql))
  const again = await inOrder(change.again ?? [], ({ id, upSql }) => script(id, 'up', upSql))
  const takenBack = await inOrder(change.up.toReversed(), async ({ id, downSql }) => (downSql === undefined ? undefined : script(id, 'down', downSql)))
  const hasWayBack = takenBack.every((step) => step !== undefined) && change.down.every(({ id }) => again.some((up) => up.id === id))
  const back = [...takenBack.filter((step) => step !== undefined), ...again]
  return { forward: [...downs, ...ups], back: hasWayBack ? back : undefined }
}

/** Packages were judged when they were opened; what is applied already is judged again with the rules of today. */
async function judged(id: string, sql: string, schema: string): Promise<string[]> {
  const { statements, fault } = await judgeMigration(sql, schema)
  if (fault === undefined) return statements
  throw refused(id, fault)
}

export function refused(id: string, { reason, statement }: MigrationFault): OpsFluxError {
  const where = statement === undefined ? '' : ` (statement ${statement})`
  return new OpsFluxError('migration-failed', `Migration ${id}${where} is refused: ${reason}. Nothing was changed; the publisher has to correct it.`, {
    data: { migration: id, ...(statement === undefined ? {} : { statement }) },
  })
}

async function inOrder<T, R>(list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of list) results.push(await work(item))
  return results
}

/** Runs scripts in the open transaction of `client`, statement by statement. @throws migration-failed */
export async function runScripts(client: pg.Client, scripts: readonly Script[]): Promise<void> {
  for (const { id, direction, statements } of scripts) {
    for (const [index, text] of statements.entries()) {
      try {
        // The extended protocol takes one statement at a time: what was judged is what runs.
        const query: pg.QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' }
        await client.query(query)
      } catch (cause) {
        throw failure(id, direction, index + 1, cause)
      }
    }
  }
}

/** PostgreSQL repeats a wrong value whole, however long it is. */
export const shortened = (message: string): string => (message.length > 500 ? `${message.slice(0, 500)}…` : message)

function failure(migration: string, direction: 'up' | 'down', statement: number, cause: unknown): OpsFluxError {
  const sqlstate = cause instanceof pg.DatabaseError ? (cause.code ?? '') : ''
  const message = shortened(cause instanceof Error ? cause.message : String(cause))
  const way = direction === 'down' ? ' (way back)' : ''
  return new OpsFluxError('migration-failed', `Migration ${migration}${way} failed: ${message}. Nothing was changed: correct the rows it stumbles over, or ask the publisher for a corrected release.`, {
    data: { migration, direction, statement, sqlstate }, cause,
  })
}
