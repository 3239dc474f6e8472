import { join } from 'node:path'
import semver from 'semver'
import type { RegistryClient } from '@opsflux/registry-client'
import type { ChangeRequest, Plan } from '@opsflux/sdk'
import type { Installation, Installations, RestorePoint } from './installations.ts'
import type { PackageStore } from './package-store.ts'
import { impossible } from './plan-parts.ts'
import { folderName, targetOfFolder, targetOfPackage, type TargetRelease } from './target.ts'

export interface FinderParts {
  installations: Installations
  registry: RegistryClient
  packages: PackageStore
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

/** Finds the release that is asked for: in the registry, in an uploaded file, or among those this platform ran before. */
export class ReleaseFinder {
  readonly #parts: FinderParts

  constructor(parts: FinderParts) {
    this.#parts = parts
  }

  /** The release a plan leads to, verified again. */
  async targetOf({ plan, request }: StoredPlan): Promise<TargetRelease> {
    if (!plan.digest || !plan.to) throw new Error('This plan leads to no release.')
    if (plan.source === 'installed') {
      return targetOfFolder(join(this.#parts.modulesFolder, folderName({ id: plan.id, version: plan.to }, plan.digest)), plan.digest)
    }
    const opened = await this.#parts.packages.open(plan.digest)
    if (request.fileId) await this.#parts.registry.verifyPackage(opened)
    return targetOfPackage(opened)
  }

  /** @throws plan-impossible, untrusted-release, registry-unreachable, package-refused */
  async find(request: ChangeRequest, installation: Installation | undefined): Promise<Found> {
    if (request.action === 'rollback' && installation) return this.#findBack(request, installation)
    const { registry, packages } = this.#parts
    if (request.fileId) {
      const opened = await packages.open(request.fileId)
      if (opened.plugin.id !== request.id) throw impossible(`The file holds the module "${opened.plugin.id}", not "${request.id}".`)
      const { publisher } = await registry.verifyPackage(opened)
      return { target: targetOfPackage(opened), source: 'file', reason: 'file', publisher }
    }
    await registry.refresh()
    const release = request.version ? await registry.release(request.id, request.version) : await registry.latest(request.id)
    if (!release) throw impossible(`The registry has no release ${request.version ?? 'of this module'} for "${request.id}".`)
    const opened = await packages.adopt(await registry.download(release))
    return { target: targetOfPackage(opened), source: 'registry', reason: request.version ? 'asked' : 'newest', publisher: release.publisher }
  }

  /** Roll-back: to a restore point's release from its folder here, or to any older release of the registry. */
  async #findBack(request: ChangeRequest, installation: Installation): Promise<Found> {
    const points = await this.#parts.installations.restorePoints(request.id)
    const point = points.find((candidate) => (request.version ? candidate.version === request.version : semver.lt(candidate.version, installation.version)))
    if (point) {
      const target = await targetOfFolder(join(this.#parts.modulesFolder, folderName(point.manifest, point.digest)), point.digest).catch(() => undefined)
      if (target) return { target, source: 'installed', reason: 'restore-point', publisher: point.manifest.publisher, restorePoint: point }
    }
    const version = request.version ?? point?.version
    if (!version) throw impossible('There is no earlier release to go back to.')
    const found = await this.find({ ...request, action: 'update', version }, undefined)
    return point && point.digest === found.target.digest ? { ...found, restorePoint: point } : found
  }

  /** The release installed, from its folder; undefined when that is gone or damaged. */
  async installed({ manifest, digest }: Installation): Promise<TargetRelease | undefined> {
    return targetOfFolder(join(this.#parts.modulesFolder, folderName(manifest, digest)), digest).catch(() => undefined)
  }
}
