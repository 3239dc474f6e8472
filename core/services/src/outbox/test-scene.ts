import pino from 'pino'
import { Notifications, ReleaseEntities, type Actor, type EntityTransaction } from '@opsflux/data'
import { alice, bob, manifest, permits, sealer, worksDatabase, type Works } from '@opsflux/data/testing/works'
import { PluginHost, PluginSandbox } from '@opsflux/kernel'
import type { EntityDeclaration, PluginManifest } from '@opsflux/sdk'
import { hostCalls, type PluginCallContext } from '../modules/host-calls.ts'
import type { PluginRelease } from '../modules/index.ts'
import { ReleaseFiles } from '../modules/release-files.ts'
import { PluginCalls } from '../plugin-api/index.ts'
import { Outbox, outboxMigrations } from './index.ts'

export interface ModuleParts extends Partial<Pick<PluginManifest, 'hooks' | 'hookOrder' | 'dependencies'>> {
  /** The value of `hooks` in its code. */
  code?: string
  /** Of its entity `workOrder`. */
  hookable?: boolean | string[]
}

export const works = manifest.id
export const other = permits.id

/** Two modules with code on one host: `test-works`, whose work orders `test-permits` may hook. */
export class HookScene {
  readonly database: Works
  readonly host: PluginHost<PluginRelease>
  readonly calls: PluginCalls
  readonly notifications: Notifications
  /** Lines that hooks logged. */
  readonly logged: string[] = []
  /** Switched off for everybody. */
  readonly disabled = new Set<string>()
  readonly #actors = new Map<string, Actor>([alice, bob].map((actor) => [actor.userId, actor]))
  readonly #outboxes = new Set<Outbox>()
  readonly log = pino({ level: 'debug' }, { write: (line: string) => { this.logged.push((JSON.parse(line) as { msg?: string }).msg ?? '') } })

  private constructor(database: Works, notifications: Notifications, host: PluginHost<PluginRelease>) {
    this.database = database
    this.notifications = notifications
    this.host = host
    this.calls = new PluginCalls({
      host, engine: database.engine, log: this.log, enabledFor: this.enabledFor, capabilities: { namesFor: async () => [] },
      outbound: { fetch: () => Promise.reject(new Error('no network here')), secret: () => Promise.reject(new Error('no secrets here')) },
    })
  }

  static async start(modules: { works?: ModuleParts; other?: ModuleParts } = {}): Promise<HookScene> {
    const committed: ((pluginIds: ReadonlySet<string>) => void)[] = []
    const database = await worksDatabase({ onCommitted: (_tenantId, pluginIds) => { for (const listener of committed) listener(pluginIds) } })
    const { admin } = database.database
    for (const { sql } of outboxMigrations()) await admin.query(sql)
    for (const id of [works, other]) await admin.query("insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, changed_by) values ($1, '1.0.0', '', 'registry', 'active', '{}', '')", [id])
    const scene = new HookScene(database, await Notifications.start(database.adminUrl), new PluginHost<PluginRelease>())
    committed.push((pluginIds) => { for (const outbox of scene.#outboxes) outbox.wake(pluginIds) })
    scene.serve(works, modules.works)
    scene.serve(other, { dependencies: { [works]: '^1.0.0' }, ...modules.other })
    return scene
  }

  readonly enabledFor = async (): Promise<PluginRelease[]> => this.host.all().filter(({ pluginId }) => !this.disabled.has(pluginId))

  /** Gives a module other code and hooks. */
  serve(id: string, parts: ModuleParts = {}): void {
    const { code = '{}', hookable = true, ...declared } = parts
    const base = id === works ? manifest : permits
    const entities = base.entities.map((entity): EntityDeclaration => (entity.name === 'workOrder' ? { ...entity, hookable } : entity))
    const release = this.#load({ ...base, dependencies: {}, hooks: {}, entities, ...declared }, `export default { hooks: ${code} }`)
    void this.host.swap(id, release)?.stop()
  }

  #load(declared: PluginManifest, source: string): PluginRelease {
    const { id: pluginId, version } = declared
    const sandbox = new PluginSandbox<PluginCallContext>({ pluginId, version, source, entities: declared.entities.map(({ name }) => name), hostCalls })
    return { pluginId, version, digest: version, manifest: declared, folder: '', files: new ReleaseFiles('', []), entities: new ReleaseEntities(declared, sealer), sandbox, messages: new Map(), stop: () => sandbox.stop() }
  }

  /** As a request to `test-works` would. */
  write<T>(work: (transaction: EntityTransaction) => Promise<T>, actor = alice): Promise<T> {
    return this.calls.use(works, { tenantId: actor.tenantId }, (release, taking) => this.database.engine.run(release.entities, actor, this.calls.hooksOf(release, taking, actor), work))
  }

  /** Another dispatcher, as another host would have. */
  dispatch(options: { backOffMs?: (attempts: number) => number } = {}): Outbox {
    const outbox = new Outbox({
      databaseUrl: this.database.adminUrl, engine: this.database.engine, host: this.host, calls: this.calls, enabledFor: this.enabledFor, notifications: this.notifications, log: this.log,
      actorFor: async (tenantId, userId) => this.#actors.get(userId) ?? { tenantId, userId, locale: 'en', permissions: [] }, ...options,
    })
    this.#outboxes.add(outbox)
    return outbox
  }

  async end(outbox: Outbox): Promise<void> {
    this.#outboxes.delete(outbox)
    await outbox.stop()
  }

  async rows<R extends object>(statement: string): Promise<R[]> {
    return (await this.database.database.admin.query<R>(statement)).rows
  }

  async stop(): Promise<void> {
    for (const outbox of this.#outboxes) await outbox.stop()
    await this.notifications.close()
    await this.host.stop()
    await this.database.close()
  }
}
