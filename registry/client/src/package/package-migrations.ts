import { judgeAfterSteps, judgeMigration, migrationLimits, schemaOf } from '@opsflux/migrations'
import type { PluginManifest } from '@opsflux/sdk'
import { refusal } from './refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Refuses a package with a migration that no database would be asked to run: the judge is the one that core/data asks before it runs them. */
export async function checkMigrations(plugin: PluginManifest, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const schema = schemaOf(plugin.id)
  const paths = migrationPaths(plugin)
  const total = paths.reduce((sum, path) => sum + (files.get(path)?.length ?? 0), 0)
  if (total > migrationLimits.totalBytes) throw refusal('migrations-too-large', `The migrations are larger than ${migrationLimits.totalBytes} bytes together.`)
  for (const path of paths) {
    const { fault } = await (path.endsWith('.after.sql') ? judgeAfterSteps : judgeMigration)(textOf(path, files), schema)
    if (fault === undefined) continue
    const where = fault.statement === undefined ? '' : ` (statement ${fault.statement})`
    throw refusal('migration-forbidden', `The migration "${path}"${where} is refused: ${fault.reason}.`, path, undefined, fault.statement === undefined ? {} : { statement: fault.statement })
  }
}

/** In the order in which they run. */
export function migrationPaths({ migrations }: PluginManifest): string[] {
  return migrations.flatMap(({ id, reversible, after }) => [`migrations/${id}.up.sql`, ...(reversible ? [`migrations/${id}.down.sql`] : []), ...(after ? [`migrations/${id}.after.sql`] : [])])
}

function textOf(path: string, files: ReadonlyMap<string, Buffer>): string {
  try {
    return utf8.decode(files.get(path))
  } catch (cause) {
    throw refusal('migration-forbidden', `The migration "${path}" is refused: it is not UTF-8.`, path, cause)
  }
}
