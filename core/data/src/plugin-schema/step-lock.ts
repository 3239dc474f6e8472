import { setTimeout as delay } from 'node:timers/promises'
import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'

/** Any number: tells these advisory locks from others. */
const lockSpace = 7_072_004

/**
 * Takes the plugin's lock for the connection if nobody has it. Never waits: a session that waits in a statement holds a snapshot,
 * for whose end `create index concurrently` waits in turn.
 */
export async function tryStepLock(client: pg.Client, pluginId: string): Promise<boolean> {
  const { rows: [row] } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as taken', [lockSpace, pluginId])
  return row?.taken === true
}

/** Ends the session of this role that runs steps of the plugin, whatever host it is of. What it has not finished is taken back or begun again later. */
async function endRunner(owner: pg.Client, pluginId: string): Promise<void> {
  await owner.query(
    `select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())
       and l.classid = $1 and l.objid::bigint = hashtext($2)::bigint & 4294967295 and l.objsubid = 2 and l.granted and a.usename = current_user`,
    [lockSpace, pluginId])
}

const attempts = 200

/**
 * Keeps steps of the plugin from running for as long as `admin` is connected, and ends what runs.
 * @param asOwner runs work on a connection of the plugin's owner, which may end its own sessions
 * @throws operation-in-progress after about 10 s
 */
export async function haltSteps(admin: pg.Client, pluginId: string, asOwner: (work: (client: pg.Client) => Promise<void>) => Promise<void>): Promise<void> {
  if (await tryStepLock(admin, pluginId)) return
  await asOwner(async (owner) => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      await endRunner(owner, pluginId)
      if (await tryStepLock(admin, pluginId)) return
      await delay(50)
    }
    throw new OpsFluxError('operation-in-progress', `Work on the data of the module ${pluginId} that followed its last change does not end. Try again in a moment.`)
  })
}
