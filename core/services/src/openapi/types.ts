import type { ReleaseEntity } from '@opsflux/data'
import type { CustomField, Json, PluginManifest } from '@opsflux/sdk'
import type { Messages } from '../modules/localised.ts'

export type JsonObject = { [key: string]: Json }

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  openapi: '3.1.0'
  jsonSchemaDialect: string
  info: JsonObject
  servers: JsonObject[]
  security: JsonObject[]
  tags: JsonObject[]
  paths: { [path: string]: JsonObject }
  components: { schemas: JsonObject; parameters: JsonObject; headers: JsonObject; responses: JsonObject; securitySchemes: JsonObject }
}

/** A module that serves the tenant, in the language of the reader. */
export interface ApiModule {
  manifest: PluginManifest
  entities: readonly ApiEntity[]
  messages: Messages
  /** Of the reader. */
  locale: string
}

/** An entity as the tenant has it. */
export interface ApiEntity {
  entity: ReleaseEntity
  customFields: readonly CustomField[]
}

export type Column = ReleaseEntity['list'][number]

/** An entity as one user sees it. */
export interface SeenEntity extends ApiEntity {
  pluginId: string
  name: string
  /** Of its schema; `IncidentInput` and the like begin with it. */
  schema: string
  messages: Messages
  locale: string
  /** Whether there is a record, or may be, with which the user may do this. */
  may(action: string): boolean
  readable: ReadonlySet<string>
  writable(action: 'create' | 'edit'): ReadonlySet<string>
}

export const schemaRef = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })
export const parameterRef = (name: string): JsonObject => ({ $ref: `#/components/parameters/${name}` })

/** By plugin: `incident` of its own is `hse-reports/incident` to everybody. */
export const addressOf = ({ pluginId }: Pick<SeenEntity, 'pluginId'>, reference: string): string => (reference.includes('/') ? reference : `${pluginId}/${reference}`)
