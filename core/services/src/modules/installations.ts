import type pg from 'pg'
import type { CapabilityGrant, InstallationState, PluginManifest } from '@opsflux/sdk'
import { sha256 } from './sha256.ts'

export interface Installation {
  pluginId: string
  version: string
  digest: string
  source: 'registry' | 'file'
  state: InstallationState
  reason: string | undefined
  manifest: PluginManifest
  granted: CapabilityGrant[]
  installedAt: Date
  updatedAt: Date
}

export interface KeptData {
  pluginId: string
  version: string
  digest: string
  manifest: PluginManifest
  rows: number
  since: Date
}

export interface RestorePoint {
  id: string
  pluginId: string
  version: string
  digest: string
  manifest: PluginManifest
  granted: CapabilityGrant[]
  createdAt: Date
}

interface Row {
  plugin_id: string
  version: string
  digest: string
  source: 'registry' | 'file'
  state: InstallationState
  reason: string | null
  manifest: PluginManifest
  granted: CapabilityGrant[]
  installed_at: Date
  updated_at: Date
}

/** Reads the platform's record of what is installed, kept and restorable. */
export class Installations {
  readonly #admin: pg.Pool

  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  async all(): Promise<Installation[]> {
    const { rows } = await this.#admin.query<Row>('select * from opsflux.installation order by plugin_id')
    return rows.map(toInstallation)
  }

  async get(pluginId: string): Promise<Installation | undefined> {
    const { rows } = await this.#admin.query<Row>('select * from opsflux.installation where plugin_id = $1', [pluginId])
    return rows[0] && toInstallation(rows[0])
  }

  async kept(pluginId?: string): Promise<KeptData[]> {
    const { rows } = await this.#admin.query<{ plugin_id: string; version: string; digest: string; manifest: PluginManifest; rows: string; since: Date }>(
      'select * from opsflux.kept_data where $1::text is null or plugin_id = $1 order by plugin_id', [pluginId ?? null])
    return rows.map((row) => ({ pluginId: row.plugin_id, version: row.version, digest: row.digest, manifest: row.manifest, rows: Number(row.rows), since: row.since }))
  }

  /** Newest first. */
  async restorePoints(pluginId?: string): Promise<RestorePoint[]> {
    const { rows } = await this.#admin.query<{ id: string; plugin_id: string; version: string; digest: string; manifest: PluginManifest; granted: CapabilityGrant[]; created_at: Date }>(
      'select * from opsflux.restore_point where $1::text is null or plugin_id = $1 order by created_at desc', [pluginId ?? null])
    return rows.map((row) => ({ id: row.id, pluginId: row.plugin_id, version: row.version, digest: row.digest, manifest: row.manifest, granted: row.granted, createdAt: row.created_at }))
  }

  /** What the organisation has taken back for itself. */
  async withdrawn(pluginId: string, tenantId: string): Promise<CapabilityGrant[]> {
    const { rows } = await this.#admin.query<{ withdrawn: CapabilityGrant[] | null }>('select withdrawn from opsflux.installation_tenant where plugin_id = $1 and tenant_id = $2', [pluginId, tenantId])
    return rows[0]?.withdrawn ?? []
  }

  async isEnabled(pluginId: string, tenantId: string): Promise<boolean> {
    return (await this.disabledFor(tenantId)).every((id) => id !== pluginId)
  }

  /** Plugins switched off for the tenant; an installed plugin without a row is on. */
  async disabledFor(tenantId: string): Promise<string[]> {
    const { rows } = await this.#admin.query<{ plugin_id: string }>('select plugin_id from opsflux.installation_tenant where tenant_id = $1 and not enabled', [tenantId])
    return rows.map((row) => row.plugin_id)
  }

  async setEnabled(pluginId: string, tenantId: string, enabled: boolean): Promise<void> {
    await this.#admin.query(
      'insert into opsflux.installation_tenant (plugin_id, tenant_id, enabled) values ($1, $2, $3) on conflict (plugin_id, tenant_id) do update set enabled = excluded.enabled',
      [pluginId, tenantId, enabled])
  }

  async setState(pluginId: string, state: InstallationState, reason?: string): Promise<void> {
    await this.#admin.query('update opsflux.installation set state = $2, reason = $3 where plugin_id = $1', [pluginId, state, reason ?? null])
  }

  /** Changes whenever a plan made before may no longer fit: release, state, grants, migrations, kept data, restore points, switches. */
  async fingerprint(pluginId: string): Promise<string> {
    const { rows } = await this.#admin.query(
      `select (select jsonb_build_array(version, digest, state, granted, updated_at) from opsflux.installation where plugin_id = $1) as installation,
              (select jsonb_agg(jsonb_build_array(id, sha256) order by position) from opsflux.plugin_migration where plugin_id = $1) as migrations,
              (select jsonb_build_array(version, since) from opsflux.kept_data where plugin_id = $1) as kept,
              (select jsonb_agg(id order by id) from opsflux.restore_point where plugin_id = $1) as points,
              (select jsonb_agg(jsonb_build_array(tenant_id, enabled, withdrawn) order by tenant_id) from opsflux.installation_tenant where plugin_id = $1) as tenants`,
      [pluginId])
    return sha256(JSON.stringify(rows[0]))
  }
}

function toInstallation(row: Row): Installation {
  return {
    pluginId: row.plugin_id, version: row.version, digest: row.digest, source: row.source, state: row.state, reason: row.reason ?? undefined,
    manifest: row.manifest, granted: row.granted, installedAt: row.installed_at, updatedAt: row.updated_at,
  }
}
