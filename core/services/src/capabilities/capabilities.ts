import type pg from 'pg'
import type { Logger } from 'pino'
import type { CapabilityGrant, CapabilityName, Refusal } from '@opsflux/sdk'
import { FreshReader } from './fresh-reader.ts'
import type { IsPrivateHost } from './hosts.ts'
import { Refusals, uuid, type RefusedCall } from './refusals.ts'
import { setGrants, type GrantChange } from './set-grants.ts'
import { leftOf } from './withdrawals.ts'

export interface CapabilitiesOptions {
  admin: pg.Pool
  log: Logger
  /** Default: none is. */
  isPrivateHost?: IsPrivateHost
}

/** One plugin working for one organisation. */
export interface PluginTenant {
  pluginId: string
  tenantId: string
}

export interface CapabilityCheck extends PluginTenant {
  userId: string
  capability: CapabilityName
}

/** Hosts agree on a change within this time; the one it was made on knows it at once. */
const maxAgeMs = 1_000

/** Decides what plugins may do now. Every host call that needs a capability is asked about here, whenever its call began. */
export class Capabilities {
  readonly isPrivateHost: IsPrivateHost
  readonly #admin: pg.Pool
  readonly #log: Logger
  readonly #refusals: Refusals
  readonly #grants: FreshReader<CapabilityGrant[]>
  readonly #users: FreshReader<true>

  constructor({ admin, log, isPrivateHost = () => false }: CapabilitiesOptions) {
    this.#admin = admin
    this.#log = log
    this.isPrivateHost = isPrivateHost
    this.#refusals = new Refusals(admin, log)
    this.#grants = new FreshReader({ maxAgeMs, read: (keys) => readGrants(admin, keys) })
    this.#users = new FreshReader({ maxAgeMs, read: (keys) => readUsers(admin, keys) })
  }

  /**
   * Whether the call may go on. Four things must be so:
   * - plugin: it is installed, its release is not revoked, and the platform has granted it the capability;
   * - tenant: the module is on for that organisation, which has not taken the capability back for itself;
   * - user: whom the call serves still has an account, and it is one of that very organisation. An account that was removed,
   *   or moved, or a call made up for another organisation is refused, whatever else is granted;
   * - capability: exactly this one; none includes another. For `http.fetch` the host is judged apart, by `hostsFor`.
   */
  async allows({ pluginId, tenantId, userId, capability }: CapabilityCheck): Promise<boolean> {
    const [grants, isUser] = await Promise.all([this.grantsFor({ pluginId, tenantId }), this.#users.get(keyOf(tenantId, userId))])
    return isUser === true && grants.some(({ name }) => name === capability)
  }

  /** Hosts requests may go to: names and `*.` patterns (`coversHost`). Empty without the capability. */
  async hostsFor(use: PluginTenant): Promise<string[]> {
    return (await this.grantsFor(use)).find(({ name }) => name === 'http.fetch')?.hosts ?? []
  }

  /** What `can()` answers in the sandbox for a call that begins now. */
  async namesFor(use: PluginTenant): Promise<CapabilityName[]> {
    return (await this.grantsFor(use)).map(({ name }) => name)
  }

  /** The platform's grants less what the organisation has taken back; none while the module is off for it. */
  async grantsFor({ pluginId, tenantId }: PluginTenant): Promise<readonly CapabilityGrant[]> {
    return (await this.#grants.get(keyOf(pluginId, tenantId))) ?? []
  }

  /**
   * Gives and takes back without a change of the release; it counts from the next host call on.
   * @throws not-found, validation-failed, operation-in-progress while the module is being changed
   */
  async set(change: GrantChange): Promise<void> {
    const { pluginId, scope, tenantId, userId } = change
    const { before, after } = await setGrants(this.#admin, change, this.isPrivateHost)
    this.forget(pluginId)
    this.#log.info({ plugin: pluginId, by: userId, before, after, ...(scope === 'organisation' ? { withdrawnBy: tenantId } : {}) }, 'grants changed')
  }

  /** To be told whenever a call was refused for want of a capability: it is logged and counted, without waiting. */
  refused(call: RefusedCall): void {
    this.#refusals.add(call)
  }

  /** Of one organisation, newest first, at most 50. */
  refusalsOf({ pluginId, tenantId }: PluginTenant): Promise<Refusal[]> {
    return this.#refusals.of(pluginId, tenantId)
  }

  /** A change of grants, switches or users made on this host counts from the next host call on. */
  forget(pluginId: string): void {
    this.#grants.forget((key) => key.startsWith(`${pluginId}\n`))
    this.#users.forget()
  }

  stop(): Promise<void> {
    return this.#refusals.stop()
  }
}

const keyOf = (first: string, second: string): string => `${first}\n${second}`
const partsOf = (keys: readonly string[], part: 0 | 1): string[] => keys.map((key) => key.split('\n')[part] ?? '')

async function readGrants(admin: pg.Pool, keys: string[]): Promise<Map<string, CapabilityGrant[]>> {
  const { rows } = await admin.query<{ plugin: string; tenant: string; granted: CapabilityGrant[]; withdrawn: CapabilityGrant[] | null }>(
    `select wanted.plugin, wanted.tenant, i.granted, t.withdrawn from unnest($1::text[], $2::text[]) as wanted (plugin, tenant)
     join opsflux.installation i on i.plugin_id = wanted.plugin and i.state <> 'blocked'
     left join opsflux.installation_tenant t on t.plugin_id = i.plugin_id and t.tenant_id::text = wanted.tenant
     where coalesce(t.enabled, true)`, [partsOf(keys, 0), partsOf(keys, 1)])
  return new Map(rows.map(({ plugin, tenant, granted, withdrawn }) => [keyOf(plugin, tenant), leftOf(granted, withdrawn ?? [])]))
}

async function readUsers(admin: pg.Pool, keys: string[]): Promise<Map<string, true>> {
  // One that is no id at all would make the question fail for all others.
  const known = keys.filter((key) => partsOf([key], 0).concat(partsOf([key], 1)).every((part) => uuid.test(part)))
  const { rows } = await admin.query<{ tenant: string; user: string }>(
    `select tenant_id::text as tenant, id::text as user from opsflux.user_account
     where (tenant_id, id) in (select * from unnest($1::uuid[], $2::uuid[]))`, [partsOf(known, 0), partsOf(known, 1)])
  return new Map(rows.map(({ tenant, user }) => [keyOf(tenant, user), true]))
}
