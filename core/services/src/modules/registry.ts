import type pg from 'pg'
import { RegistryClient, type RegistryClientOptions, type VersionStore } from '@opsflux/registry-client'

/** The client of the registry whose root metadata this platform has pinned; what it saw is remembered by all hosts together. */
export function registryClient(options: Omit<RegistryClientOptions, 'versions'>, admin: pg.Pool): RegistryClient {
  return new RegistryClient({ ...options, versions: new PostgresVersionStore(admin) })
}

/** Highest versions seen of the registry's metadata, kept with the platform's data: lost files cannot roll it back. */
export class PostgresVersionStore implements VersionStore {
  readonly #admin: pg.Pool

  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  async get(role: string): Promise<number | undefined> {
    const { rows } = await this.#admin.query<{ version: string }>('select version from opsflux.registry_version where role = $1', [role])
    return rows[0] && Number(rows[0].version)
  }

  async set(role: string, version: number): Promise<void> {
    await this.#admin.query(
      `insert into opsflux.registry_version as seen (role, version) values ($1, $2)
       on conflict (role) do update set version = excluded.version where seen.version < excluded.version`, [role, version])
  }
}
