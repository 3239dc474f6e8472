import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PluginHost, Withheld } from '@opsflux/kernel'
import type { Installation, Installations } from './installations.ts'
import type { PluginLocks } from './plugin-locks.ts'
import type { PluginRelease } from './plugin-release.ts'
import { revocationInWords, type RegistryRecord, type RevokedRelease } from './registry-record.ts'
import type { ReleaseFinder } from './release-finder.ts'

export interface GuardParts {
  installations: Installations
  record: RegistryRecord
  finder: ReleaseFinder
  host: PluginHost<PluginRelease>
  locks: PluginLocks
  log: Logger
  onModulesChanged(pluginId: string, version: string | undefined): void
}

/** How long calls inside a revoked release may still take. */
const graceMs = 3_000

/** Takes revoked releases out of service and keeps them out; their data stays, and no other module is touched. */
export class RevocationGuard {
  readonly #parts: GuardParts
  readonly #looks = new Set<Promise<void>>()

  constructor(parts: GuardParts) {
    this.#parts = parts
  }

  /** Looks at everything installed; a module that is being changed is looked at when that has ended, the others at once. */
  async enforce(): Promise<void> {
    const look = this.#enforceAll().finally(() => this.#looks.delete(look))
    this.#looks.add(look)
    await look
  }

  /** Resolves when no look is under way. */
  async enforced(): Promise<void> {
    await Promise.all(this.#looks)
  }

  /** Why an installed release must not be loaded; undefined when it may. */
  async withholding(installation: Installation): Promise<Withheld | undefined> {
    const { name } = installation.manifest
    const revoked = await this.#revocationOf(installation)
    if (revoked) return { name, reason: await this.#reason(installation, revoked) }
    return installation.state === 'blocked' ? { name, reason: liftedReason(installation) } : undefined
  }

  async #enforceAll(): Promise<void> {
    const { installations, log, record } = this.#parts
    try {
      const revoked = new Set((await record.revoked()).map(({ id }) => id))
      const concerned = (await installations.all()).filter(({ pluginId, state }) => revoked.has(pluginId) || state === 'blocked')
      await Promise.all(concerned.map((installation) => this.#enforceOne(installation)))
    } catch (error) {
      log.error({ err: error }, 'revocations could not be enforced; the next look at the registry tries again')
    }
  }

  async #enforceOne(seen: Installation): Promise<void> {
    const { installations, locks } = this.#parts
    if (!(await this.#isDue(seen))) return
    await locks.run(seen.pluginId, async () => {
      const installation = await installations.get(seen.pluginId)
      if (installation && (await this.#isDue(installation))) await this.#block(installation)
    })
  }

  async #isDue(installation: Installation): Promise<boolean> {
    const revoked = await this.#revocationOf(installation)
    if (revoked) return installation.state !== 'blocked' || this.#parts.host.current(installation.pluginId) !== undefined
    return installation.state === 'blocked' && installation.reason !== liftedReason(installation)
  }

  async #block(installation: Installation): Promise<void> {
    const { host, installations, log, onModulesChanged } = this.#parts
    const { pluginId, version } = installation
    const why = await this.withholding(installation)
    if (!why) return
    await this.#takeOut(pluginId, why)
    await installations.setState(pluginId, 'blocked', why.reason)
    log.warn({ plugin: pluginId, version, reason: why.reason }, 'a module is blocked')
    onModulesChanged(pluginId, host.current(pluginId)?.version)
  }

  /** New calls wait until it is out; those inside end, or are ended. */
  async #takeOut(pluginId: string, why: Withheld): Promise<void> {
    const { host } = this.#parts
    const drained = host.pause(pluginId)
    const isOver = new AbortController()
    await Promise.race([drained, delay(graceMs, undefined, { signal: isOver.signal }).catch(() => undefined)])
    isOver.abort()
    await host.current(pluginId)?.stop()
    await drained
    host.withhold(pluginId, why)
    host.resume(pluginId)
  }

  #revocationOf({ pluginId: id, version, digest }: Installation): Promise<RevokedRelease | undefined> {
    return this.#parts.record.revocationOf({ id, version, digest })
  }

  async #reason(installation: Installation, revoked: RevokedRelease): Promise<string> {
    const { finder } = this.#parts
    const { manifest, version } = installation
    const [forward, back] = await Promise.all([finder.wayForwardFrom(installation), finder.wayBackFrom(installation)])
    const ways = [...(forward ? [`update to ${forward}`] : []), ...(back ? [`roll back to ${back}`] : [])]
    const next = ways.length > 0 ? `${capital(ways.join(', or '))}.` : 'Wait for a release that replaces it, or uninstall it.'
    return `${revocationInWords({ id: manifest.name, version, publisher: manifest.publisher }, revoked)} Its data is kept. ${next}`
  }
}

const liftedReason = ({ manifest, version }: Installation): string => `${manifest.name} ${version} was revoked, and is no longer. Its data is kept. An administrator can enable it again.`
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
