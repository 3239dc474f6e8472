export { PluginSchemas } from './plugin-schemas.ts'
export { isKeptTable, ownerOf, schemaOf } from './names.ts'
export type { AppliedMigration, ChangePayload, Measured, RestorePointMeta, SchemaChange, StagedChange, TableRows } from './types.ts'
