import { randomUUID } from 'node:crypto'
import type { Database, Measured, PluginSchemas } from '@opsflux/data'
import { isOpsFluxError, OpsFluxError, type ChangeRequest, type Plan } from '@opsflux/sdk'
import type { IsPrivateHost } from '../capabilities/index.ts'
import { assertDirection, assertFits, assertNeedsServe, assertNobodyNeeds } from './compatibility.ts'
import type { Installation, Installations } from './installations.ts'
import type { InstalledReleases } from './installed-releases.ts'
import { eachSide, localisedMenus, localisedReasons, localisedSecrets, localName, type Messages } from './localised.ts'
import { planGrants, secretsDiff } from './plan-grants.ts'
import { changelogBetween, difference, impossible, unchanged, type Draft } from './plan-parts.ts'
import type { RegistryRecord } from './registry-record.ts'
import type { Found, ReleaseFinder, StoredPlan } from './release-finder.ts'
import { afterFiles, schemaPath, type SchemaPath } from './schema-change.ts'
import { sha256 } from './sha256.ts'

export interface PlannerParts {
  database: Database
  installations: Installations
  schemas: PluginSchemas
  finder: ReleaseFinder
  releases: InstalledReleases
  record: RegistryRecord
  isPrivateHost: IsPrivateHost
}

/** A plan speaks the language of who asks for it. */
export interface PlanActor { tenantId: string; userId: string; locale: string }


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

  async #draft(request: ChangeRequest, actor: PlanActor): Promise<Draft> {
    const installation = await this.#parts.installations.get(request.id)
    if (request.action === 'install') {
      if (installation) throw impossible(`${installation.manifest.name} ${installation.version} is installed already. Update it instead.`)
      return this.#changeRelease(request, undefined, await this.#parts.finder.find(request, undefined), actor)
    }
    if (!installation) throw new OpsFluxError('not-found', `The module "${request.id}" is not installed.`)
    switch (request.action) {
      case 'update':
      case 'rollback':
        return this.#changeRelease(request, installation, await this.#parts.finder.find(request, installation), actor)
      case 'enable':
      case 'disable':
        return this.#switch(request, installation, actor)
      case 'repair':
        return this.#repair(request, installation, actor)
      case 'uninstall':
        return this.#uninstall(request, installation, actor)
    }
  }

  async #changeRelease(request: ChangeRequest, installation: Installation | undefined, found: Found, actor: PlanActor): Promise<Draft> {
    const { target } = found
    const { manifest } = target
    const kept = (await this.#parts.installations.kept(request.id))[0]
    assertDirection(request, installation, manifest)
    await assertFits(manifest, this.#parts.installations)
    const restorePoint = request.action === 'rollback' ? (await this.#parts.installations.restorePoints(request.id)).find(({ digest }) => digest === target.digest) : undefined
    const grants = planGrants(manifest, { installation, restorePoint, grant: request.grant ?? [], isPrivateHost: this.#parts.isPrivateHost })
    const path = schemaPath(await this.#parts.schemas.applied(request.id), target.migrations)
    const measured = await this.#measure(request, installation, path, found)
    const before = installation?.manifest
    const messages = { ...(installation ? await this.#messagesOf(installation, actor) : {}), ...(await target.messages(actor.locale)) }
    return {
      action: request.action, id: request.id, name: localName(messages, manifest), ...(installation ? { from: installation.version } : {}), to: manifest.version, digest: target.digest,
      source: found.source, publisher: found.publisher, reason: kept && !installation ? 'kept-data' : found.reason,
      capabilities: eachSide(grants.capabilities, (list) => localisedReasons(list, messages)), granted: grants.granted,
      secrets: eachSide(secretsDiff(before?.secrets ?? [], manifest.secrets ?? []), (list) => localisedSecrets(list, messages)),
      permissions: difference(before?.permissions ?? [], manifest.permissions, (permission) => JSON.stringify([permission.action, permission.scope, permission.roles])),
      menus: eachSide(difference(before?.menus ?? [], manifest.menus, (menu) => JSON.stringify([menu.id, menu.label])), (list) => localisedMenus(list, messages)),
      migrations: [...path.down.map(({ id }) => ({ id, direction: 'down' as const })), ...path.up.map(({ id }) => ({ id, direction: 'up' as const }))],
      tables: measured.tables, migrationMs: Math.round(measured.ms), wayBack: measured.wayBack, ...(measured.afterSteps > 0 ? { afterSteps: measured.afterSteps } : {}),
      ...(request.action === 'rollback' ? { dataFrom: measured.dataFrom } : {}),
      changelog: changelogBetween(target.changelog, installation?.version, manifest.version),
    }
  }

  async #measure(request: ChangeRequest, installation: Installation | undefined, path: SchemaPath, found: Found): Promise<Measured & { dataFrom: NonNullable<Plan['dataFrom']> }> {
    const { schemas } = this.#parts
    const after = afterFiles(found.target.migrations)
    if (request.action === 'rollback' && installation) {
      // A folder damaged on disk is what one may want to get away from.
      const current = await this.#parts.finder.installed(installation)
      const again = (current?.migrations ?? []).filter((migration) => path.down.some(({ id }) => id === migration.id))
      const isTried = found.restorePoint !== undefined && (await this.#hasFailedBack(request.id))
      if (path.irreversible.length === 0 && !isTried) {
        const measured = await schemas.measure({ pluginId: request.id, down: path.down, up: path.up, again, after }).catch((error: unknown) => {
          // A release whose way back fails must not keep one from leaving it.
          if (found.restorePoint && isOpsFluxError(error) && error.code === 'migration-failed') return undefined
          throw error
        })
        if (measured && (measured.wayBack.kind === 'lossless' || !found.restorePoint)) return { ...measured, dataFrom: 'down-migrations' }
      }
      if (!found.restorePoint) throw impossible(`Migration ${path.irreversible.join(', ')} has no way back and there is no restore point of ${request.version ?? 'an earlier release'}.`)
      return { tables: [], ms: 0, afterSteps: 0, wayBack: { kind: 'lossy', reason: 'rows-since-restore-point', lost: (await schemas.tables(request.id)).map((table) => table.name) }, dataFrom: 'restore-point' }
    }
    if (path.irreversible.length > 0) throw impossible(`The data kept was changed by migration ${path.irreversible.join(', ')}, which has no way back to this release.`)
    return { ...(await schemas.measure({ pluginId: request.id, down: path.down, up: path.up, after })), dataFrom: 'down-migrations' }
  }

  /** Whether the last that was tried was to go back, and its migrations failed: they can tell being measured from being run. */
  async #hasFailedBack(pluginId: string): Promise<boolean> {
    const { rows: [last] } = await this.#parts.database.admin.query<{ failed: boolean | null }>(
      "select action = 'rollback' and problem->>'code' = 'migration-failed' as failed from opsflux.operation where plugin_id = $1 order by started_at desc limit 1", [pluginId])
    return last?.failed === true
  }

  async #switch(request: ChangeRequest, installation: Installation, actor: PlanActor): Promise<Draft> {
    const isEnabled = await this.#parts.installations.isEnabled(request.id, actor.tenantId)
    const isRevival = request.action === 'enable' && installation.state !== 'active'
    if (isEnabled === (request.action === 'enable') && !isRevival) throw impossible(`${installation.manifest.name} is ${isEnabled ? 'enabled' : 'disabled'} already.`)
    if (request.action === 'disable') await assertNobodyNeeds(installation, this.#parts.installations)
    else await this.#assertMayStart(installation)
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

  async #assertMayStart({ pluginId: id, version, digest, manifest }: Installation): Promise<void> {
    await this.#parts.record.assertNotRevoked({ id, version, digest, publisher: manifest.publisher })
    await assertNeedsServe(manifest, this.#parts.installations)
  }

  async #repair(request: ChangeRequest, installation: Installation, actor: PlanActor): Promise<Draft> {
    const { finder, releases } = this.#parts
    const { manifest, version, digest, state } = installation
    const altered = await releases.inspect(installation)
    if (!altered) throw impossible(`The files of ${manifest.name} ${version} are as its publisher signed them: there is nothing to repair.${state === 'active' ? '' : ' Enable it to start it again.'}`)
    const { source } = await finder.findAgain(installation)
    return { ...unchanged(request, installation, await this.#messagesOf(installation, actor)), to: version, digest, source, reason: 'asked', altered }
  }

  async #uninstall(request: ChangeRequest, installation: Installation, actor: PlanActor): Promise<Draft> {
    await assertNobodyNeeds(installation, this.#parts.installations)
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
  async #messagesOf(installation: Installation, { locale }: PlanActor): Promise<Messages> {
    const target = await this.#parts.finder.installed(installation)
    return target ? target.messages(locale).catch(() => ({})) : {}
  }

}
