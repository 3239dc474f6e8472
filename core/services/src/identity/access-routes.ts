import Router from '@koa/router'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import { actions, scopes } from '@opsflux/sdk'
import type { AccessParts, TenantActor } from './access-writing.ts'
import { requirePermission, signedIn, type Caller } from './authenticate.ts'
import { Memberships } from './memberships.ts'
import { Organisation } from './organisation.ts'
import { Roles } from './roles.ts'

const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
/** Something other than blanks, and no NUL, which PostgreSQL stores in no text. */
const name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$' })
const optionalId = Type.Optional(Type.Union([uuid, Type.Null()]))
const permission = Type.String({ maxLength: 80, pattern: `^[a-z][a-z0-9]*(-[a-z0-9]+)*\\.(${actions.join('|')})\\.(${scopes.join('|')})$` })
const permissions = Type.Array(permission, { maxItems: 1_000, uniqueItems: true })
const inherits = Type.Array(uuid, { maxItems: 20, uniqueItems: true })
const closed = { additionalProperties: false }
const withId = Type.Object({ id: uuid })

/** Companies, departments, roles, and who holds which. To change them takes `users.manage`. */
export function accessRoutes(parts: AccessParts): Router {
  const router = new Router({ prefix: '/api' })
  addOrganisation(router, new Organisation(parts))
  addRoles(router, new Roles(parts))
  addMemberships(router, new Memberships(parts))
  return router
}

type Context = Parameters<typeof signedIn>[0]
const manager = (context: Context): Caller => requirePermission(context, 'users', 'manage')
const actorOf = ({ tenantId, id }: Caller): TenantActor => ({ tenantId, userId: id })

/** @returns the answer, as something that was made */
function made<T>(context: Context, answer: T): T {
  context.status = 201
  return answer
}

function addOrganisation(router: Router, organisation: Organisation): void {
  addRoute(router, { method: 'get', path: '/companies', handler: async ({ context }) => ({ data: await organisation.companies(actorOf(signedIn(context))) }) })
  addRoute(router, {
    method: 'post', path: '/companies', body: Type.Object({ name }, closed),
    handler: async ({ body, context }) => made(context, await organisation.addCompany(actorOf(manager(context)), body)),
  })
  addRoute(router, {
    method: 'patch', path: '/companies/:id', params: withId, body: Type.Object({ name }, closed),
    handler: ({ params, body, context }) => organisation.renameCompany(actorOf(manager(context)), params.id, body),
  })
  addRoute(router, { method: 'delete', path: '/companies/:id', params: withId, handler: ({ params, context }) => organisation.removeCompany(actorOf(manager(context)), params.id) })
  addRoute(router, {
    method: 'get', path: '/departments', query: Type.Object({ company: Type.Optional(uuid) }),
    handler: async ({ query, context }) => ({ data: await organisation.departments(actorOf(signedIn(context)), query.company) }),
  })
  addRoute(router, {
    method: 'post', path: '/departments', body: Type.Object({ name, company: uuid, parent: optionalId }, closed),
    handler: async ({ body, context }) => made(context, await organisation.addDepartment(actorOf(manager(context)), body)),
  })
  addRoute(router, {
    method: 'patch', path: '/departments/:id', params: withId, body: Type.Object({ name: Type.Optional(name), parent: optionalId }, closed),
    handler: ({ params, body, context }) => organisation.changeDepartment(manager(context), params.id, body),
  })
  addRoute(router, { method: 'delete', path: '/departments/:id', params: withId, handler: ({ params, context }) => organisation.removeDepartment(actorOf(manager(context)), params.id) })
}

function addRoles(router: Router, roles: Roles): void {
  addRoute(router, { method: 'get', path: '/roles', handler: async ({ context }) => ({ data: await roles.list(actorOf(manager(context))) }) })
  addRoute(router, {
    method: 'post', path: '/roles', body: Type.Object({ name, permissions: Type.Optional(permissions), inherits: Type.Optional(inherits) }, closed),
    handler: async ({ body, context }) => made(context, await roles.add(manager(context), { permissions: [], inherits: [], ...body })),
  })
  addRoute(router, {
    method: 'patch', path: '/roles/:id', params: withId, body: Type.Object({ name: Type.Optional(name), permissions: Type.Optional(permissions), inherits: Type.Optional(inherits) }, closed),
    handler: ({ params, body, context }) => roles.change(manager(context), params.id, body),
  })
  addRoute(router, { method: 'delete', path: '/roles/:id', params: withId, handler: ({ params, context }) => roles.remove(actorOf(manager(context)), params.id) })
}

function addMemberships(router: Router, memberships: Memberships): void {
  addRoute(router, {
    method: 'get', path: '/users/:id/memberships', params: withId,
    handler: async ({ params, context }) => {
      const caller = signedIn(context)
      if (params.id.toLowerCase() !== caller.id) manager(context)
      return { data: await memberships.list(actorOf(caller), params.id) }
    },
  })
  addRoute(router, {
    method: 'post', path: '/users/:id/memberships', params: withId, body: Type.Object({ role: uuid, company: optionalId, department: optionalId }, closed),
    handler: async ({ params, body, context }) => made(context, await memberships.add(manager(context), params.id, body)),
  })
  addRoute(router, {
    method: 'delete', path: '/users/:id/memberships/:membership', params: Type.Object({ id: uuid, membership: uuid }),
    handler: ({ params, context }) => memberships.remove(actorOf(manager(context)), params.id, params.membership),
  })
}
