import { findLosses, performStep, prepareScripts, runScripts, schemaDrift, takeFingerprint } from '@opsflux/data'
import { judgeAfterSteps, schemaOf } from '@opsflux/migrations'
import type { Table } from '@opsflux/migrations/generate'
import { isOpsFluxError, OpsFluxError, type PluginManifest, type WayBack } from '@opsflux/sdk'
import pg from 'pg'
import type { ScratchDatabase } from './scratch-database.ts'
import { seed } from './seed.ts'

export interface MigrationTexts {
  id: string
  up: string
  down?: string
  after?: string
}

export interface Measurement {
  wayBack: WayBack
  /** Generated rows that it was measured on. */
  rows: number
  /** Tables without any. */
  empty: string[]
  /** Why the way up does not work on them; then nothing else was measured. */
  failure?: string
  /** What the migrated tables lack, or have too much, to be what the entities declare. */
  drift: string[]
  /** Why the way back does not work any more once records were written by the new release. */
  newRecords?: string
}

/** A plugin's migrations run on a scratch database, by the host's own code. */
export class Rehearsal implements AsyncDisposable {
  readonly client: pg.Client
  readonly #database: ScratchDatabase
  readonly #pluginId: string

  private constructor(database: ScratchDatabase, client: pg.Client, pluginId: string) {
    this.#database = database
    this.client = client
    this.#pluginId = pluginId
  }

  /** An empty schema, as an installation begins with. */
  static async open(database: ScratchDatabase, pluginId: string): Promise<Rehearsal> {
    const client = new pg.Client({ connectionString: database.adminUrl, application_name: 'opsflux-migrate' })
    client.on('error', () => undefined)
    await client.connect()
    const schema = schemaOf(pluginId)
    await client.query(`create schema ${schema}; set search_path = ${schema}, pg_temp; set timezone = 'UTC'; set standard_conforming_strings = on; set client_encoding = 'UTF8'`)
    return new Rehearsal(database, client, pluginId)
  }

  /** @throws migration-failed */
  async run(migrations: readonly MigrationTexts[]): Promise<void> {
    for (const migration of migrations) await this.#up(migration)
  }

  /** Runs a migration on generated rows, there and back, and once more with records written in between. */
  async measure(migration: MigrationTexts, before: readonly Table[], manifest: Pick<PluginManifest, 'id' | 'entities'>, after: readonly Table[]): Promise<Measurement> {
    const schema = schemaOf(this.#pluginId)
    const { rows, empty } = await seed(this.client, before)
    const was = await takeFingerprint(this.client, schema)
    try {
      await this.#up(migration)
    } catch (error) {
      if (!isOpsFluxError(error)) throw error
      return { wayBack: { kind: 'one-way', reason: 'down-migration-fails', lost: [] }, rows, empty, drift: [], failure: error.message }
    }
    const drift = await schemaDrift(this.#database, manifest)
    if (migration.down === undefined) return { wayBack: { kind: 'one-way', reason: 'no-down-migration', lost: [] }, rows, empty, drift }
    const problem = await this.#down(migration)
    if (problem !== undefined) return { wayBack: { kind: 'one-way', reason: 'down-migration-fails', lost: [] }, rows, empty, drift, newRecords: problem }
    const lost = findLosses(was, await takeFingerprint(this.client, schema))
    await this.#up(migration)
    await seed(this.client, after)
    const newRecords = await this.#down(migration)
    return {
      wayBack: lost.length === 0 ? { kind: 'lossless', reason: 'nothing-lost', lost } : { kind: 'lossy', reason: 'values-lost', lost },
      rows, empty, drift, ...(newRecords === undefined ? {} : { newRecords }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end()
  }

  async #up({ id, up, after }: MigrationTexts): Promise<void> {
    const schema = schemaOf(this.#pluginId)
    const { forward } = await prepareScripts({ pluginId: this.#pluginId, down: [], up: [{ id, upSql: up }] }, schema)
    await this.#inTransaction(() => runScripts(this.client, forward))
    if (after !== undefined) await this.#after(id, after)
  }

  async #after(id: string, text: string): Promise<void> {
    const schema = schemaOf(this.#pluginId)
    const { steps, fault } = await judgeAfterSteps(text, schema)
    if (fault) throw new OpsFluxError('migration-failed', `The steps after ${id}${fault.statement === undefined ? '' : ` (statement ${fault.statement})`} are refused: ${fault.reason}.`)
    for (const [at, step] of steps.entries()) {
      try {
        await performStep({ client: this.client, schema, step: { migration: id, statement: step.text, wasStarted: false }, onRows: async () => undefined })
      } catch (cause) {
        if (isOpsFluxError(cause)) throw cause
        throw new OpsFluxError('migration-failed', `Statement ${at + 1} of ${id}.after.sql failed: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause })
      }
    }
  }

  /** Why it failed, or undefined. */
  async #down({ id, down = '' }: MigrationTexts): Promise<string | undefined> {
    const { forward } = await prepareScripts({ pluginId: this.#pluginId, down: [{ id, downSql: down }], up: [] }, schemaOf(this.#pluginId))
    try {
      await this.#inTransaction(() => runScripts(this.client, forward))
      return undefined
    } catch (error) {
      if (isOpsFluxError(error)) return error.message
      throw error
    }
  }

  async #inTransaction(work: () => Promise<void>): Promise<void> {
    await this.client.query("set lock_timeout = '5s'; set statement_timeout = '60s'; begin")
    try {
      await work()
      await this.client.query('commit')
    } catch (error) {
      await this.client.query('rollback')
      throw error
    }
  }
}
