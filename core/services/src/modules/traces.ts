import type { Database, PluginSchemas } from '@opsflux/data'
import type { Operation } from '@opsflux/sdk'
import type { Installations } from './installations.ts'

export interface TraceParts {
  database: Database
  installations: Installations
  schemas: PluginSchemas
}

/**
 * Takes away what is left of an operation that did not happen or was taken back: its staged change, its restore point, the
 * empty schema of a plugin that is not installed. Bears being done twice.
 */
export async function removeTraces({ database, installations, schemas }: TraceParts, { plan, startedAt }: Operation): Promise<void> {
  // Waits for a transaction that is just taking the staged change: only after it is certain what is installed.
  await database.admin.query('delete from opsflux.staged_change where plugin_id = $1', [plan.id])
  for (const point of await installations.restorePoints(plan.id)) {
    if (point.createdAt >= new Date(startedAt)) await schemas.dropRestorePoint(point.id)
  }
  const isKnown = (await installations.get(plan.id)) !== undefined || (await installations.kept(plan.id)).length > 0
  if (isKnown) await schemas.sweep(plan.id)
  else await schemas.purge(plan.id)
}

/** Of several restore points of one release only the newest can be gone back to. Bears being done twice. */
export async function removeSuperseded({ installations, schemas }: TraceParts, pluginId: string): Promise<void> {
  const seen = new Set<string>()
  for (const { id, digest } of await installations.restorePoints(pluginId)) {
    if (seen.has(digest)) await schemas.dropRestorePoint(id)
    seen.add(digest)
  }
  await schemas.sweep(pluginId)
}
