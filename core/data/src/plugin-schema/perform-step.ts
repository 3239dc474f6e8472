import { setTimeout as delay } from 'node:timers/promises'
import { judgeAfterSteps, type AfterStep } from '@opsflux/migrations'
import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'
import { hasSqlState, quoteIdentifier } from '../database/roles.ts'
import { refused } from './run-migrations.ts'
import { countRows } from './table-changes.ts'

export interface StepToPerform {
  migration: string
  statement: string
  /** Whether a run of it began that did not come to an end: what it was to do may be done. */
  wasStarted: boolean
}

interface Work {
  client: pg.Client
  schema: string
  step: StepToPerform
  onRows(rows: number): Promise<void>
}

/** The index is built, or the rows are read, while everybody works: nobody waits for it, and it may wait for all transactions that are open. */
const patient = "set lock_timeout = 0; set statement_timeout = '2h'"
/** A batch that waits for a row gives way before PostgreSQL (deadlock_timeout, 1 s) chooses a request to be ended in its place. */
const hasty = "set lock_timeout = '500ms'; set statement_timeout = '60s'"
/** Times in a row that a batch meets rows somebody else holds. */
const batchPatience = 50

/** Runs one step to its end, whatever an interrupted run of it has left. Not in a transaction: PostgreSQL refuses `concurrently` in one. */
export async function performStep(work: Work): Promise<void> {
  const { client, schema, step } = work
  const { steps: [judged], fault } = await judgeAfterSteps(step.statement, schema)
  if (fault || !judged) throw refused(step.migration, fault ?? { reason: 'it is empty' })
  await client.query(judged.kind === 'batch' ? hasty : patient)
  if (judged.kind === 'create-index') await createIndex(work, judged)
  else if (judged.kind === 'drop-index') await dropIndex(work, judged)
  else if (judged.kind === 'batch') await runBatches(work, judged)
  else await execute(client, judged.text)
}

// What runs is what was judged: the extended protocol takes one statement at a time.
async function execute(client: pg.Client, text: string): Promise<number> {
  const query: pg.QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' }
  return (await client.query(query)).rowCount ?? 0
}

async function createIndex({ client, schema, step }: Work, { text, index, table }: AfterStep & { kind: 'create-index' }): Promise<void> {
  await dropInvalid(client, schema, index, table)
  const found = await findIndex(client, schema, index)
  if (found?.table === table && step.wasStarted) return
  try {
    await execute(client, text)
  } catch (error) {
    // Left there it would slow down every write, and a unique one would refuse rows. The error that counts is the first.
    await dropInvalid(client, schema, index, table).catch(() => undefined)
    throw error
  }
}

async function dropInvalid(client: pg.Client, schema: string, index: string, table: string): Promise<void> {
  const found = await findIndex(client, schema, index)
  if (found && found.table === table && !found.isValid) await client.query(`drop index concurrently ${quoteIdentifier(schema)}.${quoteIdentifier(index)}`)
}

async function dropIndex({ client, schema, step }: Work, { text, index }: AfterStep & { kind: 'drop-index' }): Promise<void> {
  if (step.wasStarted && !(await findIndex(client, schema, index))) return
  await execute(client, text)
}

async function findIndex(client: pg.Client, schema: string, index: string): Promise<{ table: string; isValid: boolean } | undefined> {
  const { rows: [row] } = await client.query<{ table: string; isValid: boolean }>(
    `select t.relname as table, i.indisvalid and i.indisready as "isValid" from pg_class c join pg_index i on i.indexrelid = c.oid join pg_class t on t.oid = i.indrelid
     where c.relnamespace = $1::regnamespace and c.relname = $2`, [quoteIdentifier(schema), index])
  return row
}

// Each batch commits for itself: a crash loses one at most, and the rows of the others no longer answer to the condition.
async function runBatches({ client, schema, onRows }: Work, { text, table }: AfterStep & { kind: 'batch' }): Promise<void> {
  const most = 2 * (await countRows(client, schema, table)) + 1_000
  for (let [total, rows] = [0, 1]; rows > 0; total += rows) {
    if (total > most) throw new OpsFluxError('migration-failed', `It would never end: ${total} rows were touched, more than twice those there are. Ask the publisher for a condition that leaves out the rows that are done.`)
    rows = await runBatch(client, text)
    await onRows(rows)
  }
}

async function runBatch(client: pg.Client, text: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await execute(client, text)
    } catch (error) {
      if (!hasSqlState(error, '55P03', '40P01') || attempt === batchPatience) throw error
      await delay(20 + Math.random() * 100)
    }
  }
}
