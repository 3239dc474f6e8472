import type pg from 'pg'
import { OpsFluxError } from '@opsflux/sdk'

/** A release that must not run any more. */
export interface RevokedRelease {
  id: string
  version: string
  /** Of the package, SHA-256 hex. */
  digest: string
  reason: string
  at: Date
  by: 'registry' | 'publisher'
}

/** A release as it is looked for among those revoked. */
export interface ReleaseName { id: string; version: string; digest: string }

interface Row {
  plugin_id: string
  version: string
  digest: string
  reason: string
  revoked_at: Date
  revoked_by: RevokedRelease['by']
}

/** The registry's word as last verified, kept with the platform's data: it holds on every host, after a restart, and offline. */
export class RegistryRecord {
  readonly #admin: pg.Pool

  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  async read(): Promise<{ checkedAt?: Date; expires?: Date }> {
    const { rows: [row] } = await this.#admin.query<{ checked_at: Date | null; expires: Date | null }>('select checked_at, expires from opsflux.registry_state')
    return { ...(row?.checked_at ? { checkedAt: row.checked_at } : {}), ...(row?.expires ? { expires: row.expires } : {}) }
  }

  /** In one statement, so that no reader finds a revocation missing meanwhile. */
  async write({ checkedAt, expires }: { checkedAt: Date; expires: Date | undefined }, revoked: readonly RevokedRelease[]): Promise<void> {
    await this.#admin.query(
      `with state as (
         insert into opsflux.registry_state (checked_at, expires) values ($1, $2)
         on conflict (id) do update set checked_at = excluded.checked_at, expires = excluded.expires),
       listed as (
         select * from jsonb_to_recordset($3) as r (id text, version text, digest text, reason text, "at" timestamptz, "by" text)),
       lifted as (
         delete from opsflux.revoked_release r
         where not exists (select from listed l where l.id = r.plugin_id and l.version = r.version and l.digest = r.digest and l."by" = r.revoked_by))
       insert into opsflux.revoked_release (plugin_id, version, digest, reason, revoked_at, revoked_by)
         select distinct on (id, version, digest, "by") id, version, digest, reason, "at", "by" from listed
       on conflict (plugin_id, version, digest, revoked_by) do update set reason = excluded.reason, revoked_at = excluded.revoked_at`,
      [checkedAt, expires ?? null, JSON.stringify(revoked)])
  }

  async revoked(): Promise<RevokedRelease[]> {
    const { rows } = await this.#admin.query<Row>('select * from opsflux.revoked_release order by plugin_id, version')
    return rows.map(toRevoked)
  }

  /** Undefined when nobody has revoked it. A revocation holds for its version and, under any other version of the id, for its content. */
  async revocationOf({ id, version, digest }: Omit<ReleaseName, 'digest'> & { digest?: string | undefined }): Promise<RevokedRelease | undefined> {
    const { rows: [row] } = await this.#admin.query<Row>(
      'select * from opsflux.revoked_release where plugin_id = $1 and (version = $2 or digest = $3) order by revoked_by desc limit 1', [id, version, digest ?? null])
    return row && toRevoked(row)
  }

  /** @throws release-revoked */
  async assertNotRevoked(release: Omit<ReleaseName, 'digest'> & { digest?: string | undefined; publisher?: string }): Promise<void> {
    const revoked = await this.revocationOf(release)
    if (revoked) throw new OpsFluxError('release-revoked', `${revocationInWords(release, revoked)} Choose another release.`, { data: { by: revoked.by } })
  }
}

const toRevoked = (row: Row): RevokedRelease => ({ id: row.plugin_id, version: row.version, digest: row.digest, reason: row.reason, at: row.revoked_at, by: row.revoked_by })

/** Who revoked a release, when and why, in whole sentences. */
export function revocationInWords({ id, version, publisher }: { id: string; version: string; publisher?: string }, { by, at, reason }: RevokedRelease): string {
  const who = by === 'registry' ? 'the registry' : `its publisher${publisher ? ` ${publisher}` : ''}`
  return `${id} ${version} was revoked by ${who} on ${at.toISOString().slice(0, 10)}: ${/[.!?]$/.test(reason) ? reason : `${reason}.`}`
}
