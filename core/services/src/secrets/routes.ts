import Router from '@koa/router'
import type { Context } from 'koa'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import { requirePermission } from '../identity/index.ts'
import type { PluginSecrets } from './plugin-secrets.ts'

const params = Type.Object({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{2,39}$' }), name: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9]{0,99}$' }) })
const path = '/:id/secrets/:name'

/** Sets and removes secrets of modules for the caller's organisation; nobody reads them. Needs `modules.manage.all`. */
export function secretRoutes(secrets: PluginSecrets): Router {
  const router = new Router({ prefix: '/api/modules' })
  const caller = (context: Context) => requirePermission(context, 'modules', 'manage')
  addRoute(router, {
    method: 'put', path, params, body: Type.Object({ value: Type.String() }, { additionalProperties: false }),
    handler: async ({ params: { id, name }, body, context }) => {
      const { tenantId, id: userId } = caller(context)
      await secrets.set({ pluginId: id, tenantId }, name, body.value, userId)
    },
  })
  addRoute(router, {
    method: 'delete', path, params,
    handler: async ({ params: { id, name }, context }) => {
      const { tenantId, id: userId } = caller(context)
      await secrets.remove({ pluginId: id, tenantId }, name, userId)
    },
  })
  return router
}
