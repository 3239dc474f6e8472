import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'
import type { Database } from '../database/database.ts'
import { quoteIdentifier } from '../database/roles.ts'
import { countWaiting, entriesOf, prepareAfterSteps, stageAfterSteps, type AfterStepEntry } from './after-steps.ts'
import { measureScripts } from './measure.ts'
import { ownerOf, restoreSchemaOf, schemaOf } from './names.ts'
import { asOwner, inDiscardedTransaction, inLockedTransaction } from './owner-connection.ts'
import { withPluginLock } from './plugin-lock.ts'
import { ensurePluginSchema, hasSchema } from './plugin-role.ts'
import { eraseRecordsOf } from './plugin-records.ts'
import { protectTables } from './protect-tables.ts'
import { bringBack, copyAside } from './restore-point.ts'
import { prepareScripts, runScripts } from './run-migrations.ts'
import { haltSteps } from './step-lock.ts'
import type { Structure } from './structure.ts'
import { countRows } from './table-changes.ts'
import type { AppliedMigration, ChangePayload, Measured, RestorePointMeta, SchemaChange, StagedChange, TableRows } from './types.ts'

/** The schemas of plugins: one owner role each, changed in one transaction together with the installation. */
export class PluginSchemas {
  readonly #database: Database
  /** Ends when what is counted at present is: the owner's role has few connections, and changes need them. */
  readonly #counted = new Map<string, Promise<unknown>>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Makes the owner role and the empty schema of a plugin where missing. */
  async ensure(pluginId: string): Promise<void> {
    await withPluginLock(this.#database.adminUrl, pluginId, (admin) => this.#ensure(admin, pluginId))
  }

  /** What is applied to the plugin's schema, oldest first; also while only its data is kept. */
  async applied(pluginId: string): Promise<AppliedMigration[]> {
    const { rows } = await this.#database.admin.query<{ id: string; sha256: string; down_sql: string | null }>(
      'select id, sha256, down_sql from opsflux.plugin_migration where plugin_id = $1 order by position', [pluginId])
    return rows.map((row) => ({ id: row.id, sha256: row.sha256, downSql: row.down_sql ?? undefined }))
  }

  /** All tables with their exact number of rows, of all tenants; those put aside (`kept_…`) too. Reads every table. */
  async tables(pluginId: string): Promise<TableRows[]> {
    const schema = schemaOf(pluginId)
    if (!(await hasSchema(this.#database.admin, schema))) return []
    return this.#inTurn(pluginId, async (client) => {
      const { rows } = await client.query<{ name: string }>("select relname as name from pg_class where relnamespace = $1::regnamespace and relkind = 'r' order by relname", [quoteIdentifier(schema)])
      const tables: TableRows[] = []
      for (const { name } of rows) tables.push({ name, rows: await countRows(client, schema, name) })
      return tables
    })
  }

  /** Rows of all its tables together, without what a way back has put aside. */
  async rowsOf(pluginId: string): Promise<number> {
    return (await this.tables(pluginId)).filter(({ name }) => !name.startsWith('kept_')).reduce((sum, table) => sum + table.rows, 0)
  }

  /**
   * Tries a change and its way back on the real rows, and takes everything back. Requests to the plugin wait meanwhile.
   * @throws migration-failed when the change itself does not work
   */
  async measure(request: SchemaChange): Promise<Measured> {
    const [schema, owner] = [schemaOf(request.pluginId), ownerOf(request.pluginId)]
    const scripts = await prepareScripts(request, schema)
    const after = await prepareAfterSteps(request.after ?? [], schema)
    return this.#alone(request.pluginId, async (admin) => {
      const wasThere = await hasSchema(admin, schema)
      await this.#ensure(admin, request.pluginId)
      const afterSteps = await countWaiting(admin, request.pluginId, after)
      try {
        const measured = await this.#asOwner(request.pluginId, (client) => inDiscardedTransaction(client, request.pluginId, () => measureScripts(client, schema, owner, scripts)))
        return { ...measured, afterSteps }
      } finally {
        // The connection may be gone with the script that was tried on it.
        if (!wasThere) await this.#asOwner(request.pluginId, (client) => client.query(`drop schema if exists ${quoteIdentifier(schema)}`))
      }
    })
  }

  /** Writes down what the change will mean for the kernel's tables; `change`, `restore` or `purge` takes the answer. */
  async stage(pluginId: string, payload: ChangePayload): Promise<StagedChange> {
    const staged = { changeId: randomUUID(), token: randomBytes(32).toString('hex') }
    await this.#database.admin.query('insert into opsflux.staged_change (id, plugin_id, token_sha256, payload) values ($1, $2, $3, $4)', [
      staged.changeId, pluginId, createHash('sha256').update(staged.token).digest('hex'), JSON.stringify(payload),
    ])
    return staged
  }

  /**
   * Forgets a staged change that was not taken: true when it has not happened and never will. Waits for a transaction that
   * is just taking it, so after a killed host this tells for certain: false means that it happened, or was discarded before.
   */
  async discard(changeId: string): Promise<boolean> {
    const { rowCount } = await this.#database.admin.query('delete from opsflux.staged_change where id = $1', [changeId])
    return rowCount === 1
  }

  /**
   * Runs the migrations, protects the tables and applies the staged change: one transaction, all or nothing.
   * Requests to the plugin wait meanwhile; steps that ran after the last change are ended, and go on after this one.
   * @throws migration-failed; the error of a connection lost at the commit leaves open which: read the installation
   */
  async change(request: SchemaChange, staged: StagedChange): Promise<void> {
    const [schema, owner] = [schemaOf(request.pluginId), ownerOf(request.pluginId)]
    const scripts = await prepareScripts(request, schema)
    const after = request.after && (await prepareAfterSteps(request.after, schema))
    await this.#alone(request.pluginId, async (admin) => {
      await this.#ensure(admin, request.pluginId)
      if (after) await stageAfterSteps(admin, staged.changeId, after, { replaces: false })
      await this.#asOwner(request.pluginId, (client) => inLockedTransaction(client, request.pluginId, async () => {
        await runScripts(client, scripts.forward)
        await protectTables(client, schema, owner)
        await finish(client, staged)
      }))
    })
  }

  /** Copies structure and rows aside. Requests go on meanwhile; rows written after this are not in it. Answers its id. */
  async protect(pluginId: string, meta: RestorePointMeta): Promise<string> {
    const id = randomUUID()
    const target = restoreSchemaOf(id)
    return this.#locked(pluginId, async (admin) => {
      await this.#ensure(admin, pluginId)
      await this.#dropOrphans(admin, pluginId)
      await admin.query(`create schema ${quoteIdentifier(target)} authorization ${quoteIdentifier(ownerOf(pluginId))}`)
      const steps = await entriesOf(admin, pluginId)
      const { structure, rows } = await this.#asOwner(pluginId, (client) => copyAside(client, schemaOf(pluginId), target))
      await admin.query(
        `insert into opsflux.restore_point (id, plugin_id, version, digest, manifest, granted, migrations, structure, rows, after_steps)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, pluginId, meta.version, meta.digest, JSON.stringify(meta.manifest), JSON.stringify(meta.granted), JSON.stringify(await this.applied(pluginId)), JSON.stringify(structure), rows, JSON.stringify(steps)])
      return id
    })
  }

  /** Brings structure and rows of a restore point back, with the staged change, in one transaction. The restore point stays. */
  async restore(restorePointId: string, staged: StagedChange): Promise<void> {
    const { pluginId, structure, steps } = await this.#restorePoint(restorePointId)
    const [schema, owner] = [schemaOf(pluginId), ownerOf(pluginId)]
    await this.#alone(pluginId, async (admin) => {
      await this.#ensure(admin, pluginId)
      await stageAfterSteps(admin, staged.changeId, steps, { replaces: true })
      await this.#asOwner(pluginId, (client) => inLockedTransaction(client, pluginId, async () => {
        await bringBack(client, schema, restoreSchemaOf(restorePointId), structure)
        await protectTables(client, schema, owner)
        await finish(client, staged)
      }))
    })
  }

  /** Forgets a restore point and its rows. One that is not there is fine. */
  async dropRestorePoint(restorePointId: string): Promise<void> {
    const { rows: [row] } = await this.#database.admin.query<{ plugin_id: string }>('delete from opsflux.restore_point where id = $1 returning plugin_id', [restorePointId])
    if (row !== undefined) await this.#locked(row.plugin_id, (admin) => this.#dropOrphans(admin, row.plugin_id))
  }

  /** Drops the copies that an interrupted `protect` or `dropRestorePoint` left behind. */
  async sweep(pluginId: string): Promise<void> {
    await this.#locked(pluginId, (admin) => this.#dropOrphans(admin, pluginId))
  }

  /**
   * Erases all data of a plugin: tables in one transaction with the staged change, then its restore points.
   * Its owner role stays, without anything to reach. After an interruption, call it again without a staged change.
   */
  async purge(pluginId: string, staged?: StagedChange): Promise<void> {
    const schema = schemaOf(pluginId)
    await this.#alone(pluginId, async (admin) => {
      await this.#ensure(admin, pluginId)
      await this.#asOwner(pluginId, (client) => inLockedTransaction(client, pluginId, async () => {
        await client.query(`drop schema ${quoteIdentifier(schema)} cascade`)
        if (staged !== undefined) await finish(client, staged)
      }))
      await eraseRecordsOf(admin, pluginId)
      await this.#dropOrphans(admin, pluginId)
    })
  }

  #locked<T>(pluginId: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
    return withPluginLock(this.#database.adminUrl, pluginId, work)
  }

  /** While no step of an earlier change runs either. */
  #alone<T>(pluginId: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
    return this.#locked(pluginId, async (admin) => {
      await haltSteps(admin, pluginId, (halt) => this.#asOwner(pluginId, halt))
      return work(admin)
    })
  }

  #asOwner<T>(pluginId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return asOwner(this.#database.roleUrl(ownerOf(pluginId)), schemaOf(pluginId), work)
  }

  /** One after the other. */
  #inTurn<T>(pluginId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const counted = (this.#counted.get(pluginId) ?? Promise.resolve()).then(() => this.#asOwner(pluginId, work))
    const ended = counted.catch(() => undefined).then(() => { if (this.#counted.get(pluginId) === ended) this.#counted.delete(pluginId) })
    this.#counted.set(pluginId, ended)
    return counted
  }

  async #ensure(admin: pg.Client, pluginId: string): Promise<void> {
    await ensurePluginSchema(admin, this.#database.roleUrl(ownerOf(pluginId)), pluginId)
  }

  // Copies without an entry: of a dropped restore point, or of one that was interrupted.
  async #dropOrphans(admin: pg.Client, pluginId: string): Promise<void> {
    const { rows } = await admin.query<{ name: string }>(`
      select nspname as name from pg_namespace where nspname ~ '^r_[0-9a-f]{32}$' and pg_get_userbyid(nspowner) = $1
        and not exists (select from opsflux.restore_point where nspname = 'r_' || replace(id::text, '-', ''))`, [ownerOf(pluginId)])
    if (rows.length === 0) return
    await this.#asOwner(pluginId, async (client) => {
      for (const { name } of rows) await client.query(`drop schema ${quoteIdentifier(name)} cascade`)
    })
  }

  async #restorePoint(id: string): Promise<{ pluginId: string; structure: Structure; steps: AfterStepEntry[] }> {
    const { rows: [row] } = await this.#database.admin.query<{ pluginId: string; structure: Structure; steps: AfterStepEntry[] }>('select plugin_id as "pluginId", structure, after_steps as steps from opsflux.restore_point where id = $1', [id])
    if (row === undefined) throw new OpsFluxError('not-found', 'There is no such restore point any more. Choose another release to go back to.')
    return row
  }
}

async function finish(client: pg.Client, { changeId, token }: StagedChange): Promise<void> {
  await client.query('select opsflux.finish_change($1, $2)', [changeId, token])
}
