export { embeddedVersion, endPostgres, startPostgres } from './embedded/index.ts'
export type { PostgresOptions, RunningPostgres } from './embedded/index.ts'
export { databaseFault, Notifications, openDatabase, SealingKey, Sql, sql } from './database/index.ts'
export type { Database, DatabaseOptions, DatabaseTransaction, KernelMigration, TextRow, TransactionActor } from './database/index.ts'
export { Ability, abilityOf, bodyReaderOf, EntityEngine, handleEntityRequest, isUuid, queryReaderOf, ReleaseEntities, schemaDrift, sealerOf, schemaOfField, schemaOfFields, uuidV7, validatorOf } from './entities/index.ts'
export type {
  Actor, AggregateGroup, EngineParts, EntityAggregate, EntityQuery, EntityRequest, EntityResponse, EntityService, EntitySession, EntityTransaction, EntityWhere, HookCaller, HookOutcome, JsonSchema,
  Lookup, Place, ReleaseEntity, Row, SchemaUse, Sealer, Seen, Subresource, SubresourceRequest, Validator,
} from './entities/index.ts'
export { AfterSteps, findLosses, performStep, PluginSchemas, prepareScripts, runScripts, takeFingerprint } from './plugin-schema/index.ts'
export type { AfterStepsOptions, AfterStepState, AppliedMigration, ChangePayload, Measured, RestorePointMeta, SchemaChange, StagedChange, TableRows } from './plugin-schema/index.ts'
export { countCustomValues, customIndexesOf, customIndexName, customNamePattern, dropCustomIndex, eraseCustomValues, makeCustomIndex, withCustomFields } from './entities/index.ts'
export type { CustomIndex } from './entities/index.ts'
