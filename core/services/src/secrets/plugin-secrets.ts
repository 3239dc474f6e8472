import type pg from 'pg'
import { SealingKey } from '@opsflux/data'
import type { Logger } from 'pino'
import { OpsFluxError, type SecretEntry } from '@opsflux/sdk'

/** Whose secret: every organisation has its own. */
export interface SecretOwner {
  pluginId: string
  tenantId: string
}

export interface SecretState {
  setAt: Date
  /** Undefined when the account is gone. */
  setBy: string | undefined
}

export interface PluginSecretsOptions {
  admin: pg.Pool
  /** The platform's, the same on every host. */
  platformSecret: string
  log: Logger
}

const maxBytes = 8_192

/** API keys and passwords of plugins: kept sealed, read by the host alone. */
export class PluginSecrets {
  readonly #admin: pg.Pool
  readonly #key: SealingKey
  readonly #log: Logger

  constructor({ admin, platformSecret, log }: PluginSecretsOptions) {
    this.#admin = admin
    this.#key = new SealingKey(platformSecret, 'plugin-secret')
    this.#log = log
  }

  /** @throws not-found when the installed release does not declare it, validation-failed */
  async set(owner: SecretOwner, name: string, value: string, userId: string): Promise<void> {
    await this.#assertDeclared(owner.pluginId, name)
    assertValue(value)
    const { keyId, nonce, sealed } = this.#key.seal(value, purposeOf(owner, name))
    await this.#admin.query(
      `insert into opsflux.plugin_secret (plugin_id, tenant_id, name, key_id, nonce, sealed, set_by) values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (plugin_id, tenant_id, name) do update
         set key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed, set_at = now(), set_by = excluded.set_by`,
      [owner.pluginId, owner.tenantId, name, keyId, nonce, sealed, userId])
    this.#log.info({ plugin: owner.pluginId, tenant: owner.tenantId, secret: name, by: userId }, 'secret set')
  }

  /** Also one that an earlier release declared. Removing what is not set is no error. */
  async remove({ pluginId, tenantId }: SecretOwner, name: string, userId: string): Promise<void> {
    await this.#admin.query('delete from opsflux.plugin_secret where plugin_id = $1 and tenant_id = $2 and name = $3', [pluginId, tenantId, name])
    this.#log.info({ plugin: pluginId, tenant: tenantId, secret: name, by: userId }, 'secret removed')
  }

  /** For the host's own use. @throws secret-missing when it is not set, or cannot be opened */
  async read(owner: SecretOwner, name: string): Promise<string> {
    const { rows: [row] } = await this.#admin.query<{ key_id: string; nonce: Buffer; sealed: Buffer }>(
      'select key_id, nonce, sealed from opsflux.plugin_secret where plugin_id = $1 and tenant_id = $2 and name = $3', [owner.pluginId, owner.tenantId, name])
    if (!row) throw new OpsFluxError('secret-missing', `The secret "${name}" is not set. An administrator can set it in Modules.`)
    const value = this.#key.open({ keyId: row.key_id, nonce: row.nonce, sealed: row.sealed }, purposeOf(owner, name))
    if (value !== undefined) return value
    this.#log.error({ plugin: owner.pluginId, tenant: owner.tenantId, secret: name, keyId: row.key_id, expectedKeyId: this.#key.id }, 'a secret cannot be opened')
    throw new OpsFluxError('secret-missing', `The secret "${name}" cannot be opened: it was stored under another platform secret, or changed in the database. An administrator must set it again in Modules.`)
  }

  /** Which are set, by name. */
  async states({ pluginId, tenantId }: SecretOwner): Promise<Map<string, SecretState>> {
    const { rows } = await this.#admin.query<{ name: string; set_at: Date; set_by: string | null }>(
      `select s.name, s.set_at, u.name as set_by from opsflux.plugin_secret s left join opsflux.user_account u on u.id = s.set_by and u.tenant_id = s.tenant_id
       where s.plugin_id = $1 and s.tenant_id = $2`, [pluginId, tenantId])
    return new Map(rows.map((row) => [row.name, { setAt: row.set_at, setBy: row.set_by ?? undefined }]))
  }

  async #assertDeclared(pluginId: string, name: string): Promise<void> {
    const { rows: [row] } = await this.#admin.query<{ secrets: SecretEntry[] | null }>(`select manifest -> 'secrets' as secrets from opsflux.installation where plugin_id = $1`, [pluginId])
    if (!row) throw new OpsFluxError('not-found', `The module "${pluginId}" is not installed on this platform.`)
    if (!row.secrets?.some((secret) => secret.name === name)) throw new OpsFluxError('not-found', `The installed release of ${pluginId} declares no secret "${name}".`)
  }
}

/** Of all organisations; with the data of the plugin. Bears being done twice. */
export async function eraseSecrets(admin: pg.Pool, pluginId: string): Promise<void> {
  await admin.query('delete from opsflux.plugin_secret where plugin_id = $1', [pluginId])
}

const purposeOf = ({ pluginId, tenantId }: SecretOwner, name: string): string[] => [pluginId, tenantId, name]

/** The message never repeats the value. */
function assertValue(value: string): void {
  const bytes = Buffer.byteLength(value)
  const wrong = bytes === 0 ? 'must not be empty' : bytes > maxBytes ? `is larger than ${maxBytes} bytes` : value.includes('\0') || !value.isWellFormed() ? 'holds a character that cannot be stored' : undefined
  if (wrong !== undefined) throw new OpsFluxError('validation-failed', `The secret ${wrong}.`, { data: { errors: [{ path: '/value', code: 'secret', message: wrong }] } })
}
