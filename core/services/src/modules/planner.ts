import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import semver from 'semver'
import type { Database, Measured, PluginSchemas } from '@opsflux/data'
import type { RegistryClient } from '@opsflux/registry-client'
import { OpsFluxError, sdkVersion, type CapabilityName, type ChangeRequest, type Diff, type Plan, type PluginManifest } from '@opsflux/sdk'
import type { Installation, Installations, RestorePoint } from './installations.ts'
import { eachSide, localisedMenus, localisedReasons, localName, type Messages } from './localised.ts'
import type { PackageStore } from './package-store.ts'
import { schemaPath, type SchemaPath } from './schema-change.ts'
import { sha256 } from './sha256.ts'
import { changelogSections, folderName, targetOfFolder, targetOfPackage, type TargetRelease } from './target.ts'

export interface PlannerParts {
  database: Database
  installations: Installations
  schemas: PluginSchemas
  registry: RegistryClient
  packages: PackageStore
  /** Where releases are unpacked. */
  modulesFolder: string
}

/** A plan speaks the language of who asks for it. */
export interface PlanActor { tenantId: string; userId: string; locale: string }

type Draft = Omit<Plan, 'hash'>
interface Found { target: TargetRelease; source: Plan['source']; reason: Plan['reason']; publisher: string; restorePoint?: RestorePoint }

/** A stored plan, with what is needed to carry it out. */
export interface StoredPlan {
  plan: Plan
  request: ChangeRequest
}

/** Works out what a change would do, measured on the real data, before anything is changed. */
export class Planner {
  readonly #parts: PlannerParts

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /** @throws plan-impossible with the reason in words; migration-failed when a migration fails on the real rows */
  async plan(request: ChangeRequest, actor: PlanActor): Promise<Plan> {
    const fingerprint = await this.#parts.installations.fingerprint(request.id)
    const draft = await this.#draft(request, actor)
    const hash = sha256(JSON.stringify({ ...draft, migrationMs: 0, fingerprint, request, made: randomUUID() }))
    const plan: Plan = { hash, ...draft }
    await this.#parts.database.admin.query(
      `with old as (delete from opsflux.change_plan where created_at < now() - interval '1 hour')
       insert into opsflux.change_plan (hash, request, plan, fingerprint, created_by) values ($1, $2, $3, $4, $5)`,
      [hash, JSON.stringify(request), JSON.stringify(plan), fingerprint, actor.userId])
    return plan
  }

  /** The plan of that hash, if the world has not moved since. @throws stale-plan */
  async take(hash: string): Promise<StoredPlan> {
    const { rows } = await this.#parts.database.admin.query<{ plan: Plan; request: ChangeRequest; fingerprint: string }>(
      'select plan, request, fingerprint from opsflux.change_plan where hash = $1', [hash])
    const stored = rows[0]
    if (!stored || stored.fingerprint !== (await this.#parts.installations.fingerprint(stored.request.id))) {
      throw new OpsFluxError('stale-plan', 'The module was changed since this plan was made. Make a new plan and read it.')
    }
    return { plan: stored.plan, request: stored.request }
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

  async #draft(request: ChangeRequest, actor: PlanActor): Promise<Draft> {
    const installation = await this.#parts.installations.get(request.id)
    if (request.action === 'install') {
      if (installation) throw impossible(`${installation.manifest.name} ${installation.version} is installed already. Update it instead.`)
      return this.#changeRelease(request, undefined, await this.#find(request, undefined), actor)
    }
    if (!installation) throw new OpsFluxError('not-found', `The module "${request.id}" is not installed.`)
    switch (request.action) {
      case 'update':
      case 'rollback':
        return this.#changeRelease(request, installation, await this.#find(request, installation), actor)
      case 'enable':
      case 'disable':
        return this.#switch(request, installation, actor)
      case 'uninstall':
        return this.#uninstall(request, installation, actor)
    }
  }

  async #find(request: ChangeRequest, installation: Installation | undefined): Promise<Found> {
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
    const found = await this.#find({ ...request, action: 'update', version }, undefined)
    return point && point.digest === found.target.digest ? { ...found, restorePoint: point } : found
  }

  async #changeRelease(request: ChangeRequest, installation: Installation | undefined, found: Found, actor: PlanActor): Promise<Draft> {
    const { target } = found
    const { manifest } = target
    const kept = (await this.#parts.installations.kept(request.id))[0]
    assertDirection(request, installation, manifest)
    await this.#assertFits(manifest)
    const path = schemaPath(await this.#parts.schemas.applied(request.id), target.migrations)
    const measured = await this.#measure(request, installation, path, found)
    const before = installation?.manifest
    const messages = { ...(installation ? await this.#messagesOf(installation, actor) : {}), ...(await target.messages(actor.locale)) }
    return {
      action: request.action, id: request.id, name: localName(messages, manifest), ...(installation ? { from: installation.version } : {}), to: manifest.version, digest: target.digest,
      source: found.source, publisher: found.publisher, reason: kept && !installation ? 'kept-data' : found.reason,
      capabilities: eachSide(difference(before?.capabilities ?? [], manifest.capabilities, (capability) => capability.name), (list) => localisedReasons(list, messages)),
      permissions: difference(before?.permissions ?? [], manifest.permissions, (permission) => JSON.stringify([permission.action, permission.scope, permission.roles])),
      menus: eachSide(difference(before?.menus ?? [], manifest.menus, (menu) => JSON.stringify([menu.id, menu.label])), (list) => localisedMenus(list, messages)),
      migrations: [...path.down.map(({ id }) => ({ id, direction: 'down' as const })), ...path.up.map(({ id }) => ({ id, direction: 'up' as const }))],
      tables: measured.tables, migrationMs: Math.round(measured.ms), wayBack: measured.wayBack,
      ...(request.action === 'rollback' ? { dataFrom: measured.dataFrom } : {}),
      changelog: changelogBetween(target.changelog, installation?.version, manifest.version),
    }
  }

  async #measure(request: ChangeRequest, installation: Installation | undefined, path: SchemaPath, found: Found): Promise<Measured & { dataFrom: NonNullable<Plan['dataFrom']> }> {
    const { schemas } = this.#parts
    if (request.action === 'rollback' && installation) {
      // A folder damaged on disk is what one may want to get away from.
      const current = await targetOfFolder(join(this.#parts.modulesFolder, folderName(installation.manifest, installation.digest)), installation.digest).catch(() => undefined)
      const again = (current?.migrations ?? []).filter((migration) => path.down.some(({ id }) => id === migration.id))
      if (path.irreversible.length === 0) {
        const measured = await schemas.measure({ pluginId: request.id, down: path.down, up: path.up, again })
        if (measured.wayBack.kind === 'lossless' || !found.restorePoint) return { ...measured, dataFrom: 'down-migrations' }
      }
      if (!found.restorePoint) throw impossible(`Migration ${path.irreversible.join(', ')} has no way back and there is no restore point of ${request.version ?? 'an earlier release'}.`)
      return { tables: [], ms: 0, wayBack: { kind: 'lossy', reason: 'rows-since-restore-point', lost: (await schemas.tables(request.id)).map((table) => table.name) }, dataFrom: 'restore-point' }
    }
    if (path.irreversible.length > 0) throw impossible(`The data kept was changed by migration ${path.irreversible.join(', ')}, which has no way back to this release.`)
    return { ...(await schemas.measure({ pluginId: request.id, down: path.down, up: path.up })), dataFrom: 'down-migrations' }
  }

  /** The platform offers the SDK it asks for and the plugins it needs. */
  async #assertFits(manifest: PluginManifest): Promise<void> {
    if (!semver.satisfies(sdkVersion, manifest.sdk)) throw impossible(`${manifest.name} ${manifest.version} needs SDK ${manifest.sdk}; this platform offers ${sdkVersion}.`)
    const installed = new Map((await this.#parts.installations.all()).map((installation) => [installation.pluginId, installation]))
    for (const [id, range] of Object.entries(manifest.dependencies)) {
      const dependency = installed.get(id)
      if (!dependency) throw impossible(`${manifest.name} needs the module "${id}" (${range}), which is not installed. Install it first.`)
      if (!semver.satisfies(dependency.version, range)) throw impossible(`${manifest.name} needs "${id}" ${range}; installed is ${dependency.version}.`)
    }
    for (const other of installed.values()) {
      const range = other.manifest.dependencies[manifest.id]
      if (range && !semver.satisfies(manifest.version, range)) throw impossible(`${other.manifest.name} needs "${manifest.id}" ${range}; ${manifest.version} does not fit.`)
    }
  }

  async #switch(request: ChangeRequest, installation: Installation, actor: PlanActor): Promise<Draft> {
    const isEnabled = await this.#parts.installations.isEnabled(request.id, actor.tenantId)
    const isRevival = request.action === 'enable' && installation.state !== 'active'
    if (isEnabled === (request.action === 'enable') && !isRevival) throw impossible(`${installation.manifest.name} is ${isEnabled ? 'enabled' : 'disabled'} already.`)
    if (request.action === 'disable') await this.#assertNobodyNeeds(installation)
    const { permissions } = installation.manifest
    const messages = await this.#messagesOf(installation, actor)
    const menus = localisedMenus(installation.manifest.menus, messages)
    const isOn = request.action === 'enable'
    return {
      ...unchanged(request, installation, messages), reason: 'asked',
      menus: isOn ? { added: menus, removed: [] } : { added: [], removed: menus },
      permissions: isOn ? { added: [...permissions], removed: [] } : { added: [], removed: [...permissions] },
    }
  }

  async #uninstall(request: ChangeRequest, installation: Installation, actor: PlanActor): Promise<Draft> {
    await this.#assertNobodyNeeds(installation)
    const tables = await this.#parts.schemas.tables(request.id)
    const { manifest } = installation
    const isPurge = request.data === 'purge'
    const messages = await this.#messagesOf(installation, actor)
    return {
      ...unchanged(request, installation, messages), reason: 'asked',
      capabilities: { added: [], removed: localisedReasons(manifest.capabilities, messages) }, permissions: { added: [], removed: [...manifest.permissions] },
      menus: { added: [], removed: localisedMenus(manifest.menus, messages) },
      tables: isPurge ? tables.map((table) => ({ table: table.name, change: 'dropped', rowsTouched: table.rows })) : [],
      wayBack: isPurge ? { kind: 'one-way', reason: 'purged', lost: tables.map((table) => table.name) } : { kind: 'lossless', reason: 'data-kept', lost: [] },
      ...(isPurge ? { purges: Object.fromEntries(tables.map((table) => [table.name, table.rows])) } : {}),
    }
  }

  /** None when its folder is gone: such a module must still be removable. */
  async #messagesOf({ manifest, digest }: Installation, { locale }: PlanActor): Promise<Messages> {
    const target = await targetOfFolder(join(this.#parts.modulesFolder, folderName(manifest, digest)), digest).catch(() => undefined)
    return target ? target.messages(locale).catch(() => ({})) : {}
  }

  async #assertNobodyNeeds(installation: Installation): Promise<void> {
    const dependants = (await this.#parts.installations.all()).filter((other) => other.manifest.dependencies[installation.pluginId])
    if (dependants.length > 0) throw impossible(`${dependants.map((other) => other.manifest.name).join(', ')} need this module. Uninstall them first.`)
  }
}

/** What the admin grants by applying: all that is required, what was granted before, what is ticked now. */
export function grantsOf(manifest: PluginManifest, request: ChangeRequest, before: readonly CapabilityName[]): CapabilityName[] {
  return manifest.capabilities
    .filter((capability) => capability.required || before.includes(capability.name) || request.grant?.includes(capability.name))
    .map((capability) => capability.name)
}

function assertDirection(request: ChangeRequest, installation: Installation | undefined, manifest: PluginManifest): void {
  if (!installation) return
  const order = semver.compare(manifest.version, installation.version)
  if (request.action === 'update' && order <= 0) throw impossible(`${manifest.version} is not newer than the installed ${installation.version}.`)
  if (request.action === 'rollback' && order >= 0) throw impossible(`${manifest.version} is not older than the installed ${installation.version}.`)
}

function unchanged(request: ChangeRequest, installation: Installation, messages: Messages): Omit<Draft, 'reason'> {
  return {
    action: request.action, id: request.id, name: localName(messages, installation.manifest), from: installation.version, source: 'installed', publisher: installation.manifest.publisher,
    capabilities: none(), permissions: none(), menus: none(), migrations: [], tables: [], migrationMs: 0, wayBack: { kind: 'lossless', reason: 'nothing-changed', lost: [] }, changelog: [],
  }
}

const none = <T>(): Diff<T> => ({ added: [], removed: [] })

function difference<T>(before: readonly T[], after: readonly T[], key: (value: T) => string): Diff<T> {
  const had = new Set(before.map(key))
  const has = new Set(after.map(key))
  return { added: after.filter((value) => !had.has(key(value))), removed: before.filter((value) => !has.has(key(value))) }
}

function changelogBetween(markdown: string, from: string | undefined, to: string): Plan['changelog'] {
  return changelogSections(markdown).filter(({ version }) => semver.valid(version) && semver.lte(version, to) && (!from || semver.gt(version, from)))
}

function impossible(message: string): OpsFluxError {
  return new OpsFluxError('plan-impossible', message)
}
