export { openApiDocument } from './document.ts'
export { openApiRoutes } from './openapi-routes.ts'
export type { OpenApiParts } from './openapi-routes.ts'
export type { ApiEntity, ApiModule, OpenApiDocument } from './types.ts'
