export { createApi, fromProblem } from './api.ts'
export type { Api, EntityApi, Saved } from './api.ts'
export { defineClient, moduleKey, useModule } from './define-client.ts'
export type { ClientContext, ClientDefinition, ModuleContext, PageDeclaration } from './define-client.ts'
