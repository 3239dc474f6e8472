import { join } from 'node:path'
import semver from 'semver'
import { checkSignature, type OpenedPackage, type RegistryClient } from '@opsflux/registry-client'
import { isOpsFluxError, type ChangeRequest, type Plan, type PluginManifest } from '@opsflux/sdk'
import type { Installation, Installations, RestorePoint } from './installations.ts'
import type { PackageStore } from './package-store.ts'
import { impossible } from './plan-parts.ts'
import type { RegistryRecord } from './registry-record.ts'
import type { RegistryWatch } from './registry-watch.ts'
import type { ReleaseSeals } from './release-seals.ts'
import { folderName, targetOfFolder, targetOfPackage, type TargetRelease } from './target.ts'

export interface FinderParts {
  installations: Installations
  registry: RegistryClient
  watch: RegistryWatch
  record: RegistryRecord
  packages: PackageStore
  seals: ReleaseSeals
  /** Where releases are unpacked. */
  modulesFolder: string
}

/** The release a change leads to, proven genuine. */
export interface Found {
  target: TargetRelease
  source: Plan['source']
  reason: Plan['reason']
  publisher: string
  restorePoint?: RestorePoint
}

/** A stored plan, with what is needed to carry it out. */
export interface StoredPlan {
  plan: Plan
  request: ChangeRequest
}

type Unpacked = { manifest: Pick<PluginManifest, 'id' | 'version'>; digest: string }

/** Finds the release that is asked for: in the registry, in an uploaded file, or among those this platform ran before. */
export class ReleaseFinder {
  readonly #parts: FinderParts

  constructor(parts: FinderParts) {
    this.#parts = parts
  }

  /** The release a plan leads to, verified again. @throws release-revoked, metadata-expired, untrusted-release, package-refused, stale-plan */
  async targetOf({ plan }: StoredPlan): Promise<TargetRelease> {
    const { packages, record, watch } = this.#parts
    const { id, to: version, digest, publisher } = plan
    if (!digest || !version) throw new Error('This plan leads to no release.')
    await record.assertNotRevoked({ id, version, digest, publisher })
    if (plan.source === 'installed') {
      const target = await this.#ranHere({ manifest: { id, version }, digest })
      if (!target) throw impossible(`The files of ${plan.name} ${version} were changed on this host, and its package is gone. Make a new plan: the registry may have it.`)
      return target
    }
    await watch.assertCurrent()
    return (await this.#proven(await packages.open(digest))).target
  }

  /** @throws plan-impossible, release-revoked, untrusted-release, registry-unreachable, metadata-expired, package-refused */
  async find(request: ChangeRequest, installation: Installation | undefined): Promise<Found> {
    if (request.action === 'rollback' && installation) return this.#findBack(request, installation)
    return request.fileId ? this.#findFile(request.id, request.fileId) : this.#findInRegistry(request)
  }

  async #findFile(id: string, fileId: string): Promise<Found> {
    const { packages, record, watch } = this.#parts
    const opened = await packages.open(fileId)
    const { plugin, digest } = opened
    if (plugin.id !== id) throw impossible(`The file holds the module "${plugin.id}", not "${id}".`)
    // A file needs no network, but metadata that still holds: where it does not, the registry is asked.
    await watch.assertCurrent().catch(() => watch.assertFresh())
    await record.assertNotRevoked({ id, version: plugin.version, digest, publisher: plugin.publisher })
    return { ...(await this.#proven(opened)), source: 'file', reason: 'file' }
  }

  async #findInRegistry({ id, version }: ChangeRequest): Promise<Found> {
    const { packages, record, registry, watch } = this.#parts
    await watch.assertFresh()
    if (version) await record.assertNotRevoked({ id, version })
    const release = version ? await registry.release(id, version) : await registry.latest(id)
    if (!release) throw impossible(`The registry has no release ${version ?? 'of this module'} for "${id}".`)
    return { ...(await this.#proven(await packages.adopt(await registry.download(release)))), source: 'registry', reason: version ? 'asked' : 'newest' }
  }

  /** Roll-back: to a restore point's release as it is here, or to any older release of the registry. */
  async #findBack(request: ChangeRequest, installation: Installation): Promise<Found> {
    const { installations, record } = this.#parts
    const points = await installations.restorePoints(request.id)
    const point = request.version ? points.find(({ version }) => version === request.version) : await this.#newestBefore(installation, points)
    if (point) {
      await record.assertNotRevoked({ id: request.id, version: point.version, digest: point.digest, publisher: point.manifest.publisher })
      const target = await this.#ranHere(point)
      if (target) return { target, source: 'installed', reason: 'restore-point', publisher: point.manifest.publisher, restorePoint: point }
    }
    const version = request.version ?? point?.version
    if (!version) throw impossible('There is no earlier release to go back to.')
    const found = await this.#findInRegistry({ ...request, version })
    return point && point.digest === found.target.digest ? { ...found, restorePoint: point } : found
  }

  async #newestBefore(installation: Installation, points: readonly RestorePoint[]): Promise<RestorePoint | undefined> {
    for (const point of points) {
      if (!semver.lt(point.version, installation.version)) continue
      if (!(await this.#parts.record.revocationOf({ id: point.pluginId, version: point.version, digest: point.digest }))) return point
    }
    return undefined
  }

  /** Where a roll-back without a version leads to, among what ran here. */
  async wayBackFrom(installation: Installation): Promise<string | undefined> {
    return (await this.#newestBefore(installation, await this.#parts.installations.restorePoints(installation.pluginId)))?.version
  }

  /** A newer release that the registry offers, as far as is known without asking it anew. */
  async wayForwardFrom({ pluginId, version }: Installation): Promise<string | undefined> {
    const latest = await this.#parts.registry.latest(pluginId).catch(() => undefined)
    return latest && semver.gt(latest.version, version) ? latest.version : undefined
  }

  /**
   * The package that the files of an installed release are put back from: the one kept here, else the registry's of the same digest.
   * @throws plan-impossible, release-revoked, registry-unreachable, metadata-expired, untrusted-release
   */
  async findAgain({ pluginId: id, version, digest, manifest }: Installation): Promise<{ opened: OpenedPackage; source: 'installed' | 'registry' }> {
    const { packages, record, registry, seals, watch } = this.#parts
    await record.assertNotRevoked({ id, version, digest, publisher: manifest.publisher })
    const kept = await packages.open(digest).catch(ifUnusable)
    if (kept) return { opened: kept, source: 'installed' }
    await watch.assertFresh()
    const release = await registry.release(id, version)
    if (release?.digest !== digest) throw impossible(`The package of ${manifest.name} ${version} is neither on this platform nor in the registry. Upload it again, or change to another release.`)
    const opened = await packages.adopt(await registry.download(release))
    await seals.keep(digest, (await this.#proven(opened)).target.seal)
    return { opened, source: 'registry' }
  }

  /** The release installed, from its folder; undefined when that is gone or damaged. */
  async installed({ manifest, digest }: Installation): Promise<TargetRelease | undefined> {
    return this.#unpacked({ manifest, digest })
  }

  /** Proves who published a package and keeps by which key. */
  async #proven(opened: OpenedPackage): Promise<{ target: TargetRelease; publisher: string }> {
    const { registry } = this.#parts
    const { publisher } = await registry.verifyPackage(opened)
    const keys = (await registry.publishersFor(opened.plugin.id)).flatMap((owner) => owner.keys)
    return { target: targetOfPackage(opened, [checkSignature(opened, keys)]), publisher }
  }

  /** A release that was verified when it was first installed: from its folder, else from its package, whose digest is known. */
  async #ranHere(unpacked: Unpacked): Promise<TargetRelease | undefined> {
    const target = await this.#unpacked(unpacked)
    if (target) return target
    const opened = await this.#parts.packages.open(unpacked.digest).catch(ifUnusable)
    return opened && targetOfPackage(opened)
  }

  async #unpacked({ manifest, digest }: Unpacked): Promise<TargetRelease | undefined> {
    const folder = join(this.#parts.modulesFolder, folderName(manifest, digest))
    const content = await this.#parts.seals.open(folder, digest).catch(ifUnusable)
    return content && targetOfFolder(folder, content, digest)
  }
}

/** What is gone or damaged on this host is not used; anything else is an error. */
function ifUnusable(error: unknown): undefined {
  if (isOpsFluxError(error) && (error.code === 'not-found' || error.code === 'package-refused')) return undefined
  throw error
}
