import { readFileSync } from 'node:fs'
import { accessRoutes, customFieldRoutes, fileRoutes, identityRoutes, moduleRoutes, openApiRoutes, platformRoutes, secretRoutes } from '@opsflux/services'

// Nothing of it is called: only what it would answer to is looked at.
const none = undefined as never
const routers = {
  accessRoutes: accessRoutes(none), customFieldRoutes: customFieldRoutes(none, none), fileRoutes: fileRoutes(none, none), identityRoutes: identityRoutes(none, none), moduleRoutes: moduleRoutes(none),
  openApiRoutes: openApiRoutes(none), platformRoutes: platformRoutes({} as never), secretRoutes: secretRoutes(none),
}

/** `PATCH /api/companies/:id`: every route of the host's own, without those of modules. */
export const hostRoutes = (): string[] => Object.values(routers)
  .flatMap(({ stack }) => stack.flatMap(({ methods, path }) => methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path).replace(/\/$/, '')}`))).toSorted()

/** Routers the host serves that are not looked at here. */
export function unknownRouters(): string[] {
  const used = [...readFileSync('core/host/src/web.ts', 'utf8').matchAll(/app\.use\((\w+Routes)\(/g)].map(([, name = '']) => name)
  // Whether the host is ready: of no tenant, before anybody is known.
  return used.filter((name) => name !== 'healthRoutes' && !(name in routers))
}

/** Routes that name nothing of a tenant: with the rights for them they are the same for everybody, or of the caller alone. */
export const routesOfNoTenant: Readonly<Record<string, string>> = {
  'GET /api/companies': 'lists the caller’s tenant', 'POST /api/companies': 'takes a name', 'GET /api/roles': 'lists the caller’s tenant',
  'GET /api/users': 'lists the caller’s tenant', 'PATCH /api/me': 'is of the caller', 'GET /api/session': 'is of the caller', 'GET /api/openapi.json': 'names modules',
  'POST /api/auth/password': 'is of the caller', 'POST /api/auth/sign-in': 'finds the tenant by the address', 'POST /api/auth/sign-out': 'is of the caller',
  'POST /api/files': 'takes a file', 'GET /api/custom-fields': 'names modules', 'POST /api/custom-fields': 'names modules',
  'GET /api/modules': 'lists modules', 'GET /api/modules/:id': 'names modules', 'POST /api/modules/files': 'takes a package', 'POST /api/modules/plans': 'names modules',
  'POST /api/modules/operations': 'is of the platform', 'GET /api/modules/operations/:id': 'is of the platform', 'PUT /api/modules/:id/grants': 'names modules', 'PUT /api/modules/:id/limits': 'names modules',
  'POST /api/modules/:id/after-steps/retry': 'names modules', 'POST /api/modules/:id/parked-changes/retry': 'is of the caller’s tenant', 'POST /api/modules/:id/parked-changes/forget': 'is of the caller’s tenant',
  'PUT /api/modules/:id/secrets/:name': 'is of the caller’s tenant', 'DELETE /api/modules/:id/secrets/:name': 'is of the caller’s tenant',
  'GET /api/platform/status': 'is of the platform', 'PUT /api/platform/limits': 'is of the platform',
}
