import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AfterSteps, PluginSchemas, type Measured } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'

export interface Migration { id: string; upSql: string; downSql: string; afterSql?: string }

/** The migrations of a plugin's folder, oldest first. */
export function migrationsOf(folder: string): Migration[] {
  const at = join(folder, 'migrations')
  const read = (name: string): string => readFileSync(join(at, name), 'utf8')
  const ids = readdirSync(at).filter((name) => name.endsWith('.up.sql')).map((name) => name.slice(0, -'.up.sql'.length)).toSorted()
  return ids.map((id) => ({ id, upSql: read(`${id}.up.sql`), downSql: read(`${id}.down.sql`), ...(existsSync(join(at, `${id}.after.sql`)) ? { afterSql: read(`${id}.after.sql`) } : {}) }))
}

/** The tables of one plugin in a database of their own, changed as the module manager changes them. */
export class MigratedTables {
  readonly test: TestDatabase
  readonly schemas: PluginSchemas
  readonly #pluginId: string
  #applied: readonly Migration[] = []

  private constructor(test: TestDatabase, pluginId: string) {
    this.test = test
    this.schemas = new PluginSchemas(test.database)
    this.#pluginId = pluginId
  }

  static async start(pluginId: string): Promise<MigratedTables> {
    return new MigratedTables(await testDatabase(), pluginId)
  }

  /** One operation with all of them, and the steps after it. */
  up(...migrations: Migration[]): Promise<void> {
    return this.#change([], migrations, [...this.#applied, ...migrations])
  }

  /** The newest first. */
  down(...migrations: Migration[]): Promise<void> {
    return this.#change(migrations, [], this.#applied.slice(0, -migrations.length))
  }

  measure(change: { down?: Migration[]; up?: Migration[]; again?: Migration[] }): Promise<Measured> {
    return this.schemas.measure({ pluginId: this.#pluginId, down: [], up: [], ...change })
  }

  /** As the owner of all tables, of all tenants; `@` stands for the plugin's schema. */
  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.test.database.admin.query<Record<string, unknown>>(sql.replaceAll('@', `p_${this.#pluginId.replaceAll('-', '_')}.`), values)).rows
  }

  async names(): Promise<string[]> {
    return (await this.schemas.tables(this.#pluginId)).map(({ name }) => name)
  }

  async #change(down: Migration[], up: Migration[], applied: readonly Migration[]): Promise<void> {
    const pluginId = this.#pluginId
    const migrations = applied.map(({ id, upSql, downSql }) => ({ id, downSql, sha256: createHash('sha256').update(upSql).digest('hex') }))
    const installation = { version: '1.0.0', digest: 'test', source: 'file', state: 'active', manifest: { id: pluginId }, granted: [], changedBy: 'system' }
    const after = applied.flatMap(({ id, afterSql }) => (afterSql === undefined ? [] : [{ id, afterSql }]))
    await this.schemas.change({ pluginId, down, up, after }, await this.schemas.stage(pluginId, { migrations, installation }))
    this.#applied = applied
    await this.#finishSteps()
  }

  async #finishSteps(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const steps = new AfterSteps(this.test.database, { onSettled: (_plugin, problem) => (problem === undefined ? resolve() : reject(new Error(problem))), onTrouble: reject })
    if ((await steps.waiting(this.#pluginId)).length === 0) return
    steps.start()
    await promise.finally(() => steps.stop())
  }
}
