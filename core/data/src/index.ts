export { embeddedVersion, endPostgres, startPostgres } from './embedded/index.ts'
export type { PostgresOptions, RunningPostgres } from './embedded/index.ts'
export { openDatabase } from './database/index.ts'
export type { Database, DatabaseOptions, DatabaseTransaction, KernelMigration, Tables } from './database/index.ts'
export { Ability, bodyReaderOf, EntityEngine, handleEntityRequest, queryReaderOf, ReleaseEntities, schemaDrift, schemaOfFields, uuidV7, validatorOf } from './entities/index.ts'
export type {
  Actor, AggregateGroup, EntityAggregate, EntityQuery, EntityRequest, EntityResponse, EntityTransaction, EntityWhere, HookCaller, JsonSchema, ReleaseEntity, Row,
  SchemaUse, Seen, UserLookup, Validator,
} from './entities/index.ts'
export { PluginSchemas } from './plugin-schema/index.ts'
export type { AppliedMigration, ChangePayload, Measured, RestorePointMeta, SchemaChange, StagedChange, TableRows } from './plugin-schema/index.ts'
