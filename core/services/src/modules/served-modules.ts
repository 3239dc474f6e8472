import type { Logger } from 'pino'
import type { PluginHost, Withheld } from '@opsflux/kernel'
import { isOpsFluxError } from '@opsflux/sdk'
import type { Installation, Installations } from './installations.ts'
import type { InstalledReleases } from './installed-releases.ts'
import type { PluginRelease } from './plugin-release.ts'
import type { RegistryRecord } from './registry-record.ts'
import { damageInWords, damageOf } from './release-seals.ts'
import type { RevocationGuard } from './revocation-guard.ts'

interface Parts {
  host: PluginHost<PluginRelease>
  installations: Installations
  releases: InstalledReleases
  record: RegistryRecord
  guard: RevocationGuard
  log: Logger
}

/** Makes what this host serves what the database says is installed. */
export class ServedModules {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** One plugin that fails does not keep the others from running. */
  async loadAll(): Promise<void> {
    await Promise.all((await this.#parts.installations.all()).map((installation) => this.#load(installation)))
  }

  async reconcile(pluginId: string): Promise<void> {
    const { host, installations } = this.#parts
    const installation = await installations.get(pluginId)
    if (installation?.digest !== host.current(pluginId)?.digest) await this.#reload(pluginId, installation)
  }

  /**
   * Starts a module again that was stopped, failed or blocked; one whose files were changed on disk, from its package.
   * @throws release-revoked, package-refused and whatever else keeps it from starting
   */
  async revive(pluginId: string): Promise<void> {
    const { host, installations, record, releases } = this.#parts
    const installation = await installations.get(pluginId)
    if (!installation || (installation.state === 'active' && host.current(pluginId))) return
    const { version, digest, manifest } = installation
    await record.assertNotRevoked({ id: pluginId, version, digest, publisher: manifest.publisher })
    await releases.mend(installation)
    const failure = await this.#reload(pluginId, { ...installation, state: 'installed' })
    if (failure !== undefined) throw failure
  }

  async #reload(pluginId: string, installation: Installation | undefined): Promise<unknown> {
    const { host } = this.#parts
    await host.pause(pluginId)
    const before = host.swap(pluginId, undefined)
    try {
      return installation && (await this.#load(installation))
    } finally {
      host.resume(pluginId)
      await before?.stop()
    }
  }

  /** Answers what kept it from being loaded. */
  async #load(installation: Installation): Promise<unknown> {
    const { guard, host, installations, log, releases } = this.#parts
    const { pluginId, version, state, manifest } = installation
    const blocked = await guard.withholding(installation)
    if (blocked) return this.#withhold(installation, 'blocked', blocked)
    try {
      host.swap(pluginId, await releases.load(installation))
      if (state !== 'active') await installations.setState(pluginId, 'active')
      return undefined
    } catch (error) {
      log.error({ err: error, plugin: pluginId, version }, 'a module does not load')
      await this.#withhold(installation, 'failed', { name: manifest.name, reason: reasonOf(error, installation) })
      return error
    }
  }

  async #withhold({ pluginId, state, reason }: Installation, now: 'failed' | 'blocked', why: Withheld): Promise<undefined> {
    this.#parts.host.withhold(pluginId, why)
    if (state !== now || reason !== why.reason) await this.#parts.installations.setState(pluginId, now, why.reason)
  }
}

function reasonOf(error: unknown, { manifest }: Installation): string {
  const damage = damageOf(error)
  if (damage) return damageInWords(manifest, damage)
  return isOpsFluxError(error) ? error.message : 'The module could not be loaded; the log says why.'
}
