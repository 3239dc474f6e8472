import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import { hasSqlState } from '../database/roles.ts'

/** Any number: tells these advisory locks from others. */
const lockSpace = 7_072_002

/**
 * Runs `work` while no other host or call works on the schema of this plugin. `admin` is a connection of its own, closed
 * at the end: waiting on one of the pool's three could leave none for the work.
 * @throws operation-in-progress after a minute
 */
export async function withPluginLock<T>(adminUrl: string, pluginId: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000, application_name: 'opsflux-modules' })
  admin.on('error', () => undefined)
  await admin.connect()
  try {
    try {
      await admin.query("set lock_timeout = '60s'")
      await admin.query('select pg_advisory_lock($1, hashtext($2))', [lockSpace, pluginId])
    } catch (cause) {
      if (!hasSqlState(cause, '55P03')) throw cause
      throw new OpsFluxError('operation-in-progress', `The data of the module ${pluginId} is being changed or measured. Try again in a moment.`, { cause })
    }
    return await work(admin)
  } finally {
    await admin.end()
  }
}
