import Router from '@koa/router'
import type { Context } from 'koa'
import { Type } from 'typebox'
import type { Actor } from '@opsflux/data'
import { addRoute } from '@opsflux/kernel'
import { customFieldKinds, customFieldLimits, OpsFluxError, queryLimits, type CustomFieldChanges, type CustomFieldInput } from '@opsflux/sdk'
import { may, signedIn } from '../identity/index.ts'
import type { CustomFields } from './custom-fields.ts'

export interface CustomFieldAccess {
  /** Whether the tenant uses the module. */
  isEnabled(pluginId: string, tenantId: string): Promise<boolean>
}

const module = Type.String({ pattern: '^[a-z][a-z0-9-]{2,39}$' })
const entity = Type.String({ pattern: '^[a-z][a-zA-Z0-9]{0,49}$' })
const params = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }) })
const text = Type.Optional(Type.String())
const label = Type.Object({ en: Type.String(), fr: text, es: text, pt: text }, { additionalProperties: false })
const help = Type.Object({ en: text, fr: text, es: text, pt: text }, { additionalProperties: false })
const limit = Type.Union([Type.Number(), Type.Null()])
const values = Type.Array(Type.String(), { maxItems: customFieldLimits.values + 1 })
const common = { help: Type.Optional(help), required: Type.Optional(Type.Boolean()), index: Type.Optional(Type.Boolean()), values: Type.Optional(values) }
const input = Type.Object({
  module, entity, name: Type.String(), kind: Type.Union(customFieldKinds.map((kind) => Type.Literal(kind))), label, ...common,
  min: Type.Optional(Type.Number()), max: Type.Optional(Type.Number()), maxLength: Type.Optional(Type.Number()), precision: Type.Optional(Type.Number()), scale: Type.Optional(Type.Number()),
}, { additionalProperties: false })
const changes = Type.Object({ label: Type.Optional(label), ...common, min: Type.Optional(limit), max: Type.Optional(limit), maxLength: Type.Optional(limit) }, { additionalProperties: false })

/**
 * Fields that administrators add. Reading takes `view` of the module; everything else `<module>.manage.all`, or `modules.manage.all`: a field
 * is there for the whole organisation, so a right over a part of its records does not do.
 */
export function customFieldRoutes(fields: CustomFields, access: CustomFieldAccess): Router {
  const router = new Router({ prefix: '/api/custom-fields' })
  const manager = async (context: Context, pluginId: string) => {
    const caller = await member(context, access, pluginId)
    if (!mayManageFields(caller.actor, pluginId)) throw new OpsFluxError('forbidden', `You need the permission ${pluginId}.manage.all or modules.manage.all for this. Ask an administrator.`)
    return { tenantId: caller.tenantId, userId: caller.id }
  }
  const managerOf = async (context: Context, id: string) => {
    const { tenantId, id: userId } = signedIn(context)
    return manager(context, (await fields.find({ tenantId, userId }, id)).pluginId)
  }
  addRoute(router, {
    method: 'get', path: '/', query: Type.Object({ module, entity: Type.Optional(entity), deleted: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    handler: async ({ query, context }) => {
      const caller = query.deleted === true ? await manager(context, query.module) : await reader(context, access, query.module)
      return { data: await fields.list(caller, { pluginId: query.module, entity: query.entity, deleted: query.deleted === true }), entities: fields.entitiesOf(query.module) }
    },
  })
  addRoute(router, {
    method: 'post', path: '/', body: input,
    handler: async ({ body, context }) => {
      const caller = await manager(context, body.module)
      const field = await fields.add(caller, body as CustomFieldInput)
      context.status = 201
      return field
    },
  })
  addRoute(router, {
    method: 'put', path: '/order', body: Type.Object({ module, entity, ids: Type.Array(Type.String(), { maxItems: queryLimits.customFields }) }, { additionalProperties: false }),
    handler: async ({ body, context }) => ({ data: await fields.order(await manager(context, body.module), { pluginId: body.module, entity: body.entity, ids: body.ids }) }),
  })
  addRoute(router, { method: 'patch', path: '/:id', params, body: changes, handler: async ({ params: { id }, body, context }) => fields.change(await managerOf(context, id), id, body as CustomFieldChanges) })
  addRoute(router, { method: 'delete', path: '/:id', params, handler: async ({ params: { id }, context }) => fields.remove(await managerOf(context, id), id) })
  addRoute(router, { method: 'get', path: '/:id/use', params, handler: async ({ params: { id }, context }) => ({ records: await fields.use(await managerOf(context, id), id) }) })
  addRoute(router, { method: 'post', path: '/:id/restore', params, handler: async ({ params: { id }, context }) => fields.restore(await managerOf(context, id), id) })
  addRoute(router, { method: 'post', path: '/:id/purge', params, handler: async ({ params: { id }, context }) => fields.purge(await managerOf(context, id), id) })
  return router
}

async function member(context: Context, { isEnabled }: CustomFieldAccess, pluginId: string) {
  const caller = signedIn(context)
  if (!(await isEnabled(pluginId, caller.tenantId))) throw new OpsFluxError('module-disabled', 'The module is switched off for your organisation.')
  return caller
}

async function reader(context: Context, access: CustomFieldAccess, pluginId: string) {
  const caller = await member(context, access, pluginId)
  const { permissions, places = [] } = caller.actor
  const mayView = [permissions, ...places.map((place) => place.permissions)].some((held) => may(held, pluginId, 'view'))
  if (!mayView && !mayManageFields(caller.actor, pluginId)) throw new OpsFluxError('forbidden', `You need the permission ${pluginId}.view for this. Ask an administrator.`)
  return { tenantId: caller.tenantId, userId: caller.id }
}

/** Whether a right over all records of the organisation is held: one at a place does not do. */
export function mayManageFields({ permissions }: Pick<Actor, 'permissions'>, pluginId: string): boolean {
  return ['*', 'modules.manage.all', `${pluginId}.manage.all`].some((permission) => permissions.includes(permission))
}
