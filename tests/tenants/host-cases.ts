import type { Ids } from './belongings.ts'
import type { Body, Sending } from './scene.ts'

export interface Asked extends Sending { method: string; path: string }
/** What a request is with these ids. */
export type Ask = (ids: Ids) => Asked

/** Routes whose address names something of a tenant. @param own what the caller has himself */
export const hostCases = (own: Ids): Readonly<Record<string, Ask>> => ({
  'PATCH /api/companies/:id': ({ company }) => ({ method: 'PATCH', path: `/api/companies/${company}`, body: { name: 'Taken' } }),
  'DELETE /api/companies/:id': ({ company }) => ({ method: 'DELETE', path: `/api/companies/${company}` }),
  'PATCH /api/departments/:id': ({ department }) => ({ method: 'PATCH', path: `/api/departments/${department}`, body: { name: 'Taken' } }),
  'DELETE /api/departments/:id': ({ department }) => ({ method: 'DELETE', path: `/api/departments/${department}` }),
  'PATCH /api/roles/:id': ({ role }) => ({ method: 'PATCH', path: `/api/roles/${role}`, body: { permissions: ['users.manage.all'] } }),
  'DELETE /api/roles/:id': ({ role }) => ({ method: 'DELETE', path: `/api/roles/${role}` }),
  'POST /api/users/:id/memberships': ({ user }) => ({ method: 'POST', path: `/api/users/${user}/memberships`, body: { role: own.role } }),
  'DELETE /api/users/:id/memberships/:membership': ({ user, membership }) => ({ method: 'DELETE', path: `/api/users/${user}/memberships/${membership}` }),
  'GET /api/files/:id': ({ file }) => ({ method: 'GET', path: `/api/files/${file}` }),
  'GET /api/files/:id/content': ({ file }) => ({ method: 'GET', path: `/api/files/${file}/content` }),
  'DELETE /api/files/:id': ({ file }) => ({ method: 'DELETE', path: `/api/files/${file}` }),
  'PATCH /api/custom-fields/:id': ({ field }) => ({ method: 'PATCH', path: `/api/custom-fields/${field}`, body: { label: { en: 'Taken' } } }),
  'DELETE /api/custom-fields/:id': ({ field }) => ({ method: 'DELETE', path: `/api/custom-fields/${field}` }),
  'GET /api/custom-fields/:id/use': ({ field }) => ({ method: 'GET', path: `/api/custom-fields/${field}/use` }),
  'POST /api/custom-fields/:id/restore': ({ field }) => ({ method: 'POST', path: `/api/custom-fields/${field}/restore` }),
  'POST /api/custom-fields/:id/purge': ({ field }) => ({ method: 'POST', path: `/api/custom-fields/${field}/purge` }),
})

/** Those that name it in a query or a body, or list what is of it, with what they answer. */
export const otherHostCases: Readonly<Record<string, [Ask, number, ((body: Body) => unknown)?]>> = {
  'GET /api/users/:id/memberships': [({ user }) => ({ method: 'GET', path: `/api/users/${user}/memberships` }), 200, ({ data }) => data],
  'GET /api/departments': [({ company }) => ({ method: 'GET', path: `/api/departments?company=${company}` }), 200, ({ data }) => data],
  'POST /api/departments': [({ company, department }) => ({ method: 'POST', path: '/api/departments', body: { name: 'Planted', company, parent: department } }), 422],
  'POST /api/roles': [({ role }) => ({ method: 'POST', path: '/api/roles', body: { name: 'Planted', inherits: [role] } }), 422],
  'PUT /api/custom-fields/order': [({ field }) => ({ method: 'PUT', path: '/api/custom-fields/order', body: { module: 'hse-guarded', entity: 'task', ids: [field] } }), 409],
}
