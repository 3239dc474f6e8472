import type { Actor, EntityEngine } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { isOpsFluxError } from '@opsflux/sdk'
import type { FileUse, UseSight } from '../files/index.ts'
import type { SignedIn } from '../identity/index.ts'
import type { PluginRelease } from '../modules/index.ts'

export interface UseSightParts {
  host: Pick<PluginHost<PluginRelease>, 'use'>
  engine: EntityEngine
  actorFor(caller: SignedIn): Promise<Actor>
  isEnabled(pluginId: string, tenantId: string): Promise<boolean>
}

/** Who sees a record sees its attachments, and the files in those of its fields he may read. */
export function useSight({ host, engine, actorFor, isEnabled }: UseSightParts): UseSight {
  return async (caller, use) => {
    try {
      return await host.use(use.pluginId, async (release) => await isEnabled(use.pluginId, caller.tenantId) && sees(engine, release, await actorFor(caller), use))
    } catch (error) {
      // The module went, does not serve, or lets this user see nothing.
      if (isOpsFluxError(error) && (error.status < 500 || error.code === 'plugin-stopped')) return false
      throw error
    }
  }
}

function sees(engine: EntityEngine, { entities }: PluginRelease, actor: Actor, { entity, id, field, fileId }: FileUse): Promise<boolean> {
  if (!entities.has(entity) || (field === undefined && !entities.entity(entity).features.attachments)) return Promise.resolve(false)
  return engine.run(entities, actor, undefined, async (transaction) => {
    const record = await transaction.findOne(entity, id)
    return record !== undefined && (field === undefined || record[field] === fileId)
  })
}
