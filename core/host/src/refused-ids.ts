import type { Middleware } from 'koa'
import { isUuid, type EntityEngine } from '@opsflux/data'
import { isOpsFluxError } from '@opsflux/sdk'
import { signedIn } from '@opsflux/services'

/** What the platform itself keeps of a tenant, by the first part of its address. */
const kinds: ReadonlySet<string> = new Set(['files', 'companies', 'departments', 'roles', 'users', 'custom-fields'])

/** Writes down who asks for an id that is not there for him, as for the records of modules. */
export function refusedIds(engine: Pick<EntityEngine, 'noteRefusals'>): Middleware {
  return async (context, next) => {
    try {
      await next()
    } catch (error) {
      const [, , kind = '', id = ''] = context.path.split('/')
      const isRefusal = isOpsFluxError(error) && (error.code === 'not-found' || error.code === 'forbidden')
      if (isRefusal && kinds.has(kind) && isUuid(id) && context.state['caller'] !== undefined) {
        const { tenantId, id: userId } = signedIn(context)
        await engine.noteRefusals({ tenantId, userId }, { pluginId: kind, entity: kind }, [{ id, reason: error.code }])
      }
      throw error
    }
  }
}
