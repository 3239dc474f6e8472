import Router from '@koa/router'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import { capabilities, type CapabilityGrant, type CapabilityName, type ChangeRequest } from '@opsflux/sdk'
import { limitChanges, type LimitChanges } from '../capabilities/index.ts'
import { requirePermission } from '../identity/index.ts'
import type { ModuleManager } from './module-manager.ts'
import type { PlanActor } from './planner.ts'
import type { Context } from 'koa'

const id = Type.String({ pattern: '^[a-z][a-z0-9-]{2,39}$' })
const grants = Type.Array(Type.Object({
  name: Type.Union((Object.keys(capabilities) as CapabilityName[]).map((name) => Type.Literal(name))),
  hosts: Type.Optional(Type.Array(Type.String({ maxLength: 260 }), { maxItems: 100 })),
}, { additionalProperties: false }), { maxItems: 50 })
const scope = Type.Union([Type.Literal('platform'), Type.Literal('organisation')])
// As JSON has the times of this API: anything else would not be a time PostgreSQL takes.
const instant = Type.String({ pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$' })
const changeRequest = Type.Object({
  action: Type.Union((['install', 'update', 'rollback', 'enable', 'disable', 'repair', 'uninstall'] as const).map((action) => Type.Literal(action))),
  id,
  version: Type.Optional(Type.String({ maxLength: 64 })),
  fileId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  data: Type.Optional(Type.Union([Type.Literal('keep'), Type.Literal('purge')])),
  grant: Type.Optional(grants),
}, { additionalProperties: false })

/** The module manager's API; everything in it needs `modules.manage.all`. */
export function moduleRoutes(modules: ModuleManager): Router {
  const router = new Router({ prefix: '/api/modules' })
  const admin = (context: Context): PlanActor => {
    const { tenantId, id: userId, locale } = requirePermission(context, 'modules', 'manage')
    return { tenantId, userId, locale }
  }
  addRoute(router, { method: 'get', path: '/', handler: ({ context }) => modules.list(admin(context)) })
  addRoute(router, {
    method: 'post', path: '/files',
    handler: ({ context }) => {
      admin(context)
      context.status = 201
      return modules.receive(context.req)
    },
  })
  addRoute(router, { method: 'post', path: '/plans', body: changeRequest, handler: ({ body, context }) => modules.plan(body as ChangeRequest, admin(context)) })
  addRoute(router, {
    method: 'post', path: '/operations', body: Type.Object({ planHash: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, { additionalProperties: false }),
    handler: async ({ body, context }) => {
      const operation = await modules.apply(body.planHash, admin(context))
      context.status = 202
      return operation
    },
  })
  addRoute(router, {
    method: 'get', path: '/operations/:id', params: Type.Object({ id: Type.String({ maxLength: 36 }) }),
    handler: ({ params, context }) => { admin(context); return modules.operation(params.id) },
  })
  addRoute(router, {
    method: 'put', path: '/:id/grants', params: Type.Object({ id }), body: Type.Object({ grants, scope: Type.Optional(scope) }, { additionalProperties: false }),
    handler: ({ params, body, context }) => modules.setGrants(params.id, { grants: body.grants as CapabilityGrant[], scope: body.scope ?? 'platform' }, admin(context)),
  })
  addRoute(router, {
    method: 'put', path: '/:id/limits', params: Type.Object({ id }), body: Type.Object({ limits: limitChanges }, { additionalProperties: false }),
    handler: ({ params, body, context }) => modules.setLimits(params.id, body.limits as LimitChanges, admin(context)),
  })
  addRoute(router, { method: 'post', path: '/:id/after-steps/retry', params: Type.Object({ id }), handler: ({ params, context }) => modules.retryAfterSteps(params.id, admin(context)) })
  for (const work of ['retry', 'forget'] as const) {
    addRoute(router, {
      method: 'post', path: `/:id/parked-changes/${work}`, params: Type.Object({ id }), body: Type.Object({ until: instant }, { additionalProperties: false }),
      handler: ({ params, body, context }) => modules.settleParkedChanges(params.id, { work, until: new Date(body.until) }, admin(context)),
    })
  }
  addRoute(router, { method: 'get', path: '/:id', params: Type.Object({ id }), handler: ({ params, context }) => modules.detail(params.id, admin(context)) })
  return router
}
