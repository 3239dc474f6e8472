import Router from '@koa/router'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import type { PlatformStatus, RegistryStatus, SandboxStatus } from '@opsflux/sdk'
import { requirePermission } from '../identity/index.ts'
import { limitChanges } from './limit-schema.ts'
import type { LimitChanges } from './limits.ts'
import type { ModuleLimits } from './module-limits.ts'

export interface PlatformRouteParts {
  limits: ModuleLimits
  sandboxStatus(): Promise<SandboxStatus>
  registryStatus(): RegistryStatus | Promise<RegistryStatus>
  /** Told after the ceilings changed: running sandboxes take them on. */
  onCeilingsChanged(): Promise<void>
}

/** How this platform is kept safe, and the ceilings of all modules; everything in it needs `modules.manage.all`. */
export function platformRoutes({ limits, sandboxStatus, registryStatus, onCeilingsChanged }: PlatformRouteParts): Router {
  const router = new Router({ prefix: '/api/platform' })
  const status = async (): Promise<PlatformStatus> => ({ sandbox: await sandboxStatus(), registry: await registryStatus(), ceilings: await limits.ceilings() })
  addRoute(router, {
    method: 'get', path: '/status',
    handler: ({ context }) => {
      requirePermission(context, 'modules', 'manage')
      return status()
    },
  })
  addRoute(router, {
    method: 'put', path: '/limits', body: Type.Object({ ceilings: limitChanges }, { additionalProperties: false }),
    handler: async ({ body, context }) => {
      const { id: userId } = requirePermission(context, 'modules', 'manage')
      await limits.setCeilings(body.ceilings as LimitChanges, { userId })
      await onCeilingsChanged()
      return status()
    },
  })
  return router
}
