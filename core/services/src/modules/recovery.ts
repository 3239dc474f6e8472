import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { OpsFluxError, type Operation } from '@opsflux/sdk'
import { toProblem } from '@opsflux/process'
import type { InstalledReleases } from './installed-releases.ts'
import { eraseSecrets } from '../secrets/index.ts'
import { unfinishedOperations } from './journal.ts'
import { removeSuperseded, removeTraces, type TraceParts } from './traces.ts'

interface RecoveryParts extends TraceParts {
  hostId: string
  releases: InstalledReleases
  modulesFolder: string
  log: Logger
}

/**
 * Ends what a killed host left running. The one transaction either committed or did not, so the
 * database says which side the platform is on: before or after, never between. A release's folder was replaced or was not.
 */
export async function recover(parts: RecoveryParts): Promise<void> {
  for (const installation of await parts.installations.all()) await parts.releases.settle(installation)
  for (const operation of await unfinishedOperations(parts.database.admin, parts.hostId)) {
    const { id, plan } = operation
    // Deleting the staged change waits for a transaction still in flight: only then it is known whether it committed.
    await parts.database.admin.query('delete from opsflux.staged_change where plugin_id = $1', [plan.id])
    const isDone = await isCommitted(parts, operation)
    if (!isDone) await removeTraces(parts, operation)
    else if (plan.purges) await finishPurge(parts, plan.id)
    else await removeSuperseded(parts, plan.id)
    await close(parts, operation, isDone)
    parts.log.warn({ operation: id, plugin: plan.id, outcome: isDone ? 'after' : 'before' }, 'recovered an interrupted operation')
  }
}

async function isCommitted({ installations, releases, database }: RecoveryParts, { plan, startedBy }: Operation): Promise<boolean> {
  const installation = await installations.get(plan.id)
  if (plan.action === 'uninstall') return !installation
  // Files are outside the database: a repair is done when they are right.
  if (plan.action === 'repair') return installation !== undefined && installation.digest === plan.digest && !(await releases.inspect(installation))
  if (plan.action === 'install' || plan.action === 'update' || plan.action === 'rollback') return installation?.digest === plan.digest
  const { rows } = await database.admin.query<{ tenant_id: string }>('select tenant_id from opsflux.user_account where id::text = $1', [startedBy])
  return rows[0] !== undefined && (await installations.isEnabled(plan.id, rows[0].tenant_id)) === (plan.action === 'enable')
}

async function finishPurge({ database, schemas, modulesFolder }: RecoveryParts, pluginId: string): Promise<void> {
  await schemas.purge(pluginId)
  await eraseSecrets(database.admin, pluginId)
  await rm(join(modulesFolder, pluginId), { recursive: true, force: true })
}

async function close({ database }: RecoveryParts, operation: Operation, isDone: boolean): Promise<void> {
  const steps = operation.steps.map((entry) => (entry.state === 'done' ? entry : { ...entry, state: isDone ? 'done' : 'failed', detail: 'interrupted' }))
  const problem = isDone ? null : toProblem(new OpsFluxError('operation-failed', 'The server stopped in the middle of this operation. Nothing was changed; start it again.'))
  await database.admin.query('update opsflux.operation set state = $2, steps = $3, problem = $4, ended_at = now() where id = $1', [
    operation.id, isDone ? 'succeeded' : 'failed', JSON.stringify(steps), problem && JSON.stringify(problem),
  ])
}
