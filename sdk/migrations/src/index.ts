export { judgeMigration } from './judge-apart.ts'
export type { Judgement, MigrationFault } from './judgement.ts'
export { migrationLimits } from './text-rules.ts'
export { schemaOf } from './schema-name.ts'
