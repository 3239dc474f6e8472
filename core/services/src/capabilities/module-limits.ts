import type pg from 'pg'
import type { Logger } from 'pino'
import { limitTable, type ModuleLimit, type PluginLimits, type PluginManifest } from '@opsflux/sdk'
import { changedFigures, defaultCeilings, figures, moduleLimits, type Ceilings, type LimitChanges } from './limits.ts'

const platform = ''

/** The ids of an admin, for the log and the record. */
export interface LimitActor {
  userId: string
}

/** What each plugin may use of this platform: asked for by the plugin, chosen by an admin, never above the ceilings of all. */
export class ModuleLimits {
  readonly #admin: pg.Pool
  readonly #log: Logger

  constructor(admin: pg.Pool, log: Logger) {
    this.#admin = admin
    this.#log = log
  }

  async ceilings(): Promise<Ceilings> {
    return { ...defaultCeilings(), ...(await this.#chosen(platform)) }
  }

  async of({ id, limits }: Pick<PluginManifest, 'id' | 'limits'>): Promise<ModuleLimit[]> {
    return moduleLimits(limits ?? {}, await this.#chosen(id), await this.ceilings())
  }

  /** What binds, for the sandbox. */
  async valuesOf(manifest: Pick<PluginManifest, 'id' | 'limits'>): Promise<PluginLimits> {
    const values = new Map((await this.of(manifest)).map(({ name, value }) => [name, value]))
    return figures((name) => values.get(name) ?? limitTable[name].default)
  }

  /** @throws validation-failed below what is needed or above the ceiling */
  async choose(pluginId: string, changes: LimitChanges, actor: LimitActor): Promise<void> {
    const ceilings = await this.ceilings()
    await this.#change(pluginId, changes, (name) => ceilings[name], actor)
  }

  /** Ceilings of all plugins; what was chosen above one binds no more, and again once it is raised. @throws validation-failed */
  async setCeilings(changes: LimitChanges, actor: LimitActor): Promise<void> {
    await this.#change(platform, changes, (name) => limitTable[name].most, actor)
  }

  async #chosen(pluginId: string): Promise<Partial<PluginLimits>> {
    const { rows } = await this.#admin.query<{ limits: Partial<PluginLimits> }>('select limits from opsflux.sandbox_limit where plugin_id = $1', [pluginId])
    return rows[0]?.limits ?? {}
  }

  async #change(pluginId: string, changes: LimitChanges, mostOf: (name: keyof PluginLimits) => number, { userId }: LimitActor): Promise<void> {
    const client = await this.#admin.connect()
    try {
      await client.query('begin')
      await client.query("insert into opsflux.sandbox_limit (plugin_id, limits, changed_by) values ($1, '{}', $2) on conflict do nothing", [pluginId, userId])
      const { rows: [row] } = await client.query<{ limits: Partial<PluginLimits> }>('select limits from opsflux.sandbox_limit where plugin_id = $1 for update', [pluginId])
      const limits = changedFigures(row?.limits ?? {}, changes, mostOf)
      await client.query('update opsflux.sandbox_limit set limits = $2, changed_by = $3, changed_at = now() where plugin_id = $1', [pluginId, JSON.stringify(limits), userId])
      await client.query('commit')
      this.#log.info({ plugin: pluginId || undefined, by: userId, changes, limits }, pluginId === platform ? 'ceilings changed' : 'limits changed')
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }
}
