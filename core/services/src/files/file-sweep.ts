import type { Database } from '@opsflux/data'
import type { Logger } from 'pino'
import type pg from 'pg'
import { contentLock } from './content-lock.ts'
import type { FileStore } from './file-store.ts'
import { fileLimits } from './limits.ts'

const everyMs = 3_600_000
const atOnce = 500

/** Removes files that no record uses, contents that no file has, and what killed hosts left of uploads. Any number of hosts may do it at once. */
export class FileSweep {
  readonly #admin: pg.Pool
  readonly #store: FileStore
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor({ admin }: Pick<Database, 'admin'>, store: FileStore, log: Logger) {
    this.#admin = admin
    this.#store = store
    this.#log = log
  }

  /** Every hour, the first time an hour from now. */
  start(): this {
    this.#timer = setInterval(() => {
      this.#running = this.sweep().catch((error: unknown) => this.#log.error({ err: error }, 'files that nobody uses could not be removed'))
    }, everyMs).unref()
    return this
  }

  /** Answers when a sweep under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  async sweep(): Promise<void> {
    while (!this.#isStopped && await this.#removeUnused() === atOnce);
    await this.#store.sweepUnfinished(1)
    const batch: { tenantId: string; sha256: string }[] = []
    for await (const content of this.#store.contents()) {
      if (this.#isStopped) return
      if (batch.push(content) === atOnce) await this.#removeWithoutFile(batch.splice(0))
    }
    await this.#removeWithoutFile(batch)
  }

  // Locked first and looked at again: a use that was being written then has been, and none can be while the lock lasts.
  async #removeUnused(): Promise<number> {
    return this.#inTransaction(async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `select id from opsflux.file where unused_since < now() - make_interval(hours => $1) order by unused_since limit $2 for update skip locked`, [fileLimits.unusedHours, atOnce])
      const ids = rows.map((row) => row.id)
      await client.query('update opsflux.file set unused_since = null where id = any($1) and exists (select from opsflux.file_use u where u.file_id = file.id)', [ids])
      await client.query('delete from opsflux.file where id = any($1) and unused_since is not null', [ids])
      return ids.length
    })
  }

  async #removeWithoutFile(contents: { tenantId: string; sha256: string }[]): Promise<void> {
    const { rows } = await this.#admin.query<{ tenant: string; sha256: string }>(
      `select c.tenant, c.sha256 from unnest($1::text[], $2::text[]) as c (tenant, sha256)
       where not exists (select from opsflux.file f where f.tenant_id::text = c.tenant and f.sha256 = c.sha256)`,
      [contents.map(({ tenantId }) => tenantId), contents.map(({ sha256 }) => sha256)])
    for (const { tenant, sha256 } of rows) await this.#removeContent(tenant, sha256)
  }

  #removeContent(tenantId: string, sha256: string): Promise<void> {
    return this.#inTransaction(async (client) => {
      await client.query('select pg_advisory_xact_lock($1, hashtext($2))', contentLock(tenantId, sha256))
      const { rows } = await client.query('select from opsflux.file where tenant_id::text = $1 and sha256 = $2 limit 1', [tenantId, sha256])
      if (rows.length === 0) await this.#store.remove(tenantId, sha256)
    })
  }

  async #inTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#admin.connect()
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      client.release()
      return result
    } catch (error) {
      const isUsable = await client.query('rollback').then(() => true, () => false)
      client.release(!isUsable)
      throw error
    }
  }
}
