import { EntityEngine, ReleaseEntities, type Database, type Sealer } from '@opsflux/data'
import { PluginSandbox, type LoadedRelease, type PluginSandboxOptions, type SandboxEvent } from '@opsflux/kernel'
import { OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { hostCalls, type PluginCallContext } from './host-calls.ts'
import { ReleaseFiles } from './release-files.ts'
import { openSealed, type ReleaseSeal } from './release-seals.ts'
import { isConnectionLoss } from './until-reachable.ts'
import type { Messages } from './localised.ts'

/** What a release may use and do. */
export type SandboxPolicy = Pick<PluginSandboxOptions<PluginCallContext>, 'authorise' | 'limits'>

export interface ReleaseFolder {
  /** The unpacked package. */
  folder: string
  /** Sha-256 of the package, hex. */
  digest: string
  /** What it must be; without one its files are held to their own list alone. */
  seal?: ReleaseSeal | undefined
  /** Default: the SDK's limits, and what each call says was granted. */
  policy?: SandboxPolicy
  onEvent?: (event: SandboxEvent) => void
  /** Of encrypted fields; without one they cannot be read or written. */
  sealer?: Sealer | undefined
}

/** A plugin at a release, verified and ready to answer. */
export interface PluginRelease extends LoadedRelease {
  readonly manifest: PluginManifest
  readonly folder: string
  readonly files: ReleaseFiles
  readonly entities: ReleaseEntities
  readonly sandbox: PluginSandbox<PluginCallContext> | undefined
  /** By language. */
  readonly messages: ReadonlyMap<string, Messages>
}

/**
 * Loads an unpacked release after checking every file against its list, and the list against its seal and its publisher's
 * signature. What runs is what was checked: nothing is read twice unchecked. @throws package-refused when a file was changed, added or removed on disk.
 */
export async function loadRelease({ folder, digest, seal, policy, onEvent, sealer }: ReleaseFolder): Promise<PluginRelease> {
  const content = await openSealed(folder, seal)
  const manifest = JSON.parse(content.text('plugin.json')) as PluginManifest
  const source = manifest.server && content.text(manifest.server)
  const messages = new Map<string, Messages>()
  for (const locale of manifest.locales) messages.set(locale, JSON.parse(content.text(`locales/${locale}.json`)) as Messages)
  let isEnding = false
  // What a sandbox says while we end it is no news about the plugin.
  const tell = (event: SandboxEvent): void => { if (!isEnding) onEvent?.(event) }
  const sandbox = source
    ? new PluginSandbox<PluginCallContext>({
        pluginId: manifest.id, version: manifest.version, source, entities: manifest.entities.map((entity) => entity.name), hostCalls, onEvent: tell, ...policy,
      })
    : undefined
  return {
    pluginId: manifest.id, version: manifest.version, digest, manifest, folder, files: new ReleaseFiles(folder, content.manifest.files), entities: new ReleaseEntities(manifest, sealer, messages), sandbox, messages,
    stop: async () => {
      isEnding = true
      await sandbox?.stop()
    },
  }
}

/** Starts the release's isolate and compares what it handles with what it declares. @throws plugin-failed */
export async function checkHandlers(release: PluginRelease): Promise<void> {
  if (!release.sandbox) return
  const found = await release.sandbox.check()
  const missing = [
    ...Object.entries(release.manifest.hooks).flatMap(([entity, events]) => events.filter((event) => !found.hooks[entity]?.includes(event)).map((event) => `hook ${entity}.${event}`)),
    ...release.manifest.routes.filter((route) => !found.routes.includes(route.name)).map((route) => `route ${route.name}`),
  ]
  if (missing.length > 0) throw new OpsFluxError('plugin-failed', `${release.pluginId} ${release.version} declares handlers its code does not have: ${missing.join(', ')}. Ask its publisher for a corrected release.`)
}

const nobody = '00000000-0000-0000-0000-000000000000'

/** Reads every entity as a request would, for a tenant that has no rows: tables, columns, grants and policies are there. */
export async function probeEntities(database: Database, release: PluginRelease): Promise<void> {
  const actor = { tenantId: nobody, userId: nobody, locale: 'en', permissions: ['*'] }
  await new EntityEngine(database, { lookups: { user: async () => new Map() } }).run(release.entities, actor, undefined, async (transaction) => {
    for (const { name } of release.manifest.entities) await transaction.list(name, { limit: 1 }).catch((cause: unknown) => { throw isConnectionLoss(cause) ? cause : unreadable(release, name, cause) })
  })
}

function unreadable({ pluginId, version }: PluginRelease, entity: string, cause: unknown): OpsFluxError {
  const why = cause instanceof Error ? cause.message : 'unknown'
  return new OpsFluxError('plugin-failed', `${pluginId} ${version} cannot read its entity "${entity}" from the tables its migrations made: ${why}. Ask its publisher for a corrected release.`, { data: { entity }, cause })
}

/** A message in the wanted language, else English, else its key. */
export function messageOf(release: Pick<PluginRelease, 'messages'>, locale: string): Messages {
  return { ...release.messages.get('en'), ...release.messages.get(locale) }
}
