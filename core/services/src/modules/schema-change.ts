import { OpsFluxError } from '@opsflux/sdk'
import { sha256 } from './sha256.ts'
import type { MigrationText } from './target.ts'

export interface AppliedMigration {
  id: string
  sha256: string
  downSql?: string | undefined
}

/** What leads a plugin's schema from the migrations applied to those of a release. */
export interface SchemaPath {
  /** In order of execution: newest first. */
  down: { id: string; downSql: string }[]
  up: MigrationText[]
  /** Applied migrations that have no down migration: only a restore point leads back past them. */
  irreversible: string[]
}

/** The steps after the change of all its migrations: those that are done by then are not done again. */
export const afterFiles = (target: readonly MigrationText[]): { id: string; afterSql: string }[] => target.flatMap(({ id, afterSql }) => (afterSql === undefined ? [] : [{ id, afterSql }]))

/** @throws plan-impossible when a migration already applied has another text in the release: history is never rewritten. */
export function schemaPath(applied: readonly AppliedMigration[], target: readonly MigrationText[]): SchemaPath {
  let common = 0
  for (; common < applied.length && common < target.length; common++) {
    const before = applied[common]
    const wanted = target[common]
    if (!before || !wanted || before.id !== wanted.id) break
    if (before.sha256 !== sha256(wanted.upSql)) {
      throw new OpsFluxError('plan-impossible', `Migration ${wanted.id} was applied with another text than this release has. Ask the publisher for a release that keeps the history.`)
    }
  }
  const undo = applied.slice(common).toReversed()
  return {
    down: undo.flatMap((migration) => (migration.downSql === undefined ? [] : [{ id: migration.id, downSql: migration.downSql }])),
    up: target.slice(common),
    irreversible: undo.filter((migration) => migration.downSql === undefined).map((migration) => migration.id),
  }
}
