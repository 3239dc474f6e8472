import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { OpsFluxError, type CapabilityGrant, type PluginManifest } from '@opsflux/sdk'
import { complete, readGrants } from './grants.ts'
import type { IsPrivateHost } from './hosts.ts'
import { withdrawalOf } from './withdrawals.ts'

export interface GrantChange {
  pluginId: string
  /** What is given from now on, all of it. */
  grants: readonly CapabilityGrant[]
  /** For everybody, or what one organisation keeps of it. */
  scope: 'platform' | 'organisation'
  tenantId: string
  userId: string
}

/** For the log. */
export interface ChangedGrants {
  before: readonly CapabilityGrant[]
  after: readonly CapabilityGrant[]
}

/**
 * Gives and takes back without a change of the release; required capabilities can be taken back too: their calls are refused.
 * @throws not-found, validation-failed, operation-in-progress while the module is being changed
 */
export async function setGrants(admin: pg.Pool, change: GrantChange, isPrivateHost: IsPrivateHost): Promise<ChangedGrants> {
  const client = await admin.connect()
  try {
    await client.query('begin')
    await holdOff(client, change)
    const { rows: [row] } = await client.query<{ manifest: PluginManifest; granted: CapabilityGrant[]; withdrawn: CapabilityGrant[] | null }>(
      `select i.manifest, i.granted, t.withdrawn from opsflux.installation i
       left join opsflux.installation_tenant t on t.plugin_id = i.plugin_id and t.tenant_id = $2 where i.plugin_id = $1 for update of i`, [change.pluginId, change.tenantId])
    if (!row) throw new OpsFluxError('not-found', `The module "${change.pluginId}" is not installed.`)
    const given = readGrants(change.grants, row.manifest.capabilities, isPrivateHost)
    const changed = change.scope === 'platform'
      ? { before: row.granted, after: complete(given, row.manifest.capabilities) }
      : { before: row.withdrawn ?? [], after: withdrawalOf(row.granted, given, row.withdrawn ?? []) }
    await write(client, change, changed.after)
    // The place was taken for the length of this transaction only.
    await client.query("delete from opsflux.operation where plugin_id = $1 and state = 'running'", [change.pluginId])
    await client.query('commit')
    return changed
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/**
 * Takes the one place of a running operation, in a row that nobody ever sees: an operation that is running refuses this
 * change, one that starts meanwhile waits for it and then finds its plan stale.
 */
async function holdOff(client: pg.PoolClient, { pluginId, userId }: GrantChange): Promise<void> {
  const { rowCount } = await client.query(
    `insert into opsflux.operation (id, plugin_id, action, state, plan, started_by, host_id) values ($1, $2, 'grants', 'running', '{}', $3, '')
     on conflict (plugin_id) where state = 'running' do nothing`, [randomUUID(), pluginId, userId])
  if (rowCount === 0) throw new OpsFluxError('operation-in-progress', 'The module is being changed right now. Wait until that operation has ended.')
}

async function write(client: pg.PoolClient, { pluginId, scope, tenantId, userId }: GrantChange, after: readonly CapabilityGrant[]): Promise<void> {
  if (scope === 'platform') {
    await client.query('update opsflux.installation set granted = $2, changed_by = $3 where plugin_id = $1', [pluginId, JSON.stringify(after), userId])
    return
  }
  await client.query(
    `insert into opsflux.installation_tenant (plugin_id, tenant_id, enabled, withdrawn) values ($1, $2, true, $3)
     on conflict (plugin_id, tenant_id) do update set withdrawn = excluded.withdrawn`, [pluginId, tenantId, after.length === 0 ? null : JSON.stringify(after)])
}
