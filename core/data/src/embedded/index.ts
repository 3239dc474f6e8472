export { embeddedVersion, endPostgres, startPostgres } from './start-postgres.ts'
export type { PostgresOptions, RunningPostgres } from './start-postgres.ts'
