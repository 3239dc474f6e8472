import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPackage } from '@opsflux/registry-client'
import { tablesOf, type SchemaReport } from '@opsflux/migrations/generate'
import { OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { reportFiles } from './migration-files.ts'
import type { MigrationTexts } from './rehearsal.ts'
import { parseReport } from './schema-report.ts'

export interface Previous {
  tables: SchemaReport['tables']
  aside: SchemaReport['aside']
  /** True when the tables come from a manifest: the migrations may have named their indexes and checks otherwise. */
  isAssumed: boolean
}

/** The tables of the last release: of its report, or of the package or `plugin.json` given. @throws invalid-request, package-refused */
export async function readPrevious(folder: string, migrations: readonly MigrationTexts[], from: string | undefined): Promise<Previous> {
  if (from !== undefined) return ofManifest(from, await readManifest(from), migrations)
  const report = await readReport(folder)
  if (report !== undefined) return { tables: report.tables, aside: report.aside, isAssumed: false }
  if (migrations.length === 0) return { tables: [], aside: [], isAssumed: false }
  throw new OpsFluxError('invalid-request', `There are migrations, but no migrations/${reportFiles.json} that says what tables they made. Give the package or the plugin.json of the release they belong to with --from.`)
}

/** The report of a plugin's folder; undefined when there is none. @throws validation-failed */
export async function readReport(folder: string): Promise<SchemaReport | undefined> {
  const path = join(folder, 'migrations', reportFiles.json)
  if (!existsSync(path)) return undefined
  try {
    return parseReport(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new OpsFluxError('validation-failed', `migrations/${reportFiles.json} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. Take it back from version control, or remove it and use --from.`, { cause })
  }
}

async function readManifest(path: string): Promise<PluginManifest> {
  if (path.endsWith('.tgz')) return (await openPackage(path)).plugin
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as PluginManifest
    if (!Array.isArray(value.entities) || !Array.isArray(value.migrations)) throw new TypeError('it has no entities and migrations')
    return value
  } catch (cause) {
    throw new OpsFluxError('invalid-request', `"${path}" cannot be read as a package (.tgz) or a plugin.json: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause })
  }
}

function ofManifest(from: string, manifest: PluginManifest, migrations: readonly MigrationTexts[]): Previous {
  const known = new Set(manifest.migrations.map(({ id }) => id))
  const newer = migrations.find(({ id }) => !known.has(id))
  if (newer) throw new OpsFluxError('invalid-request', `migrations/${newer.id} is not in "${from}": it is newer. Remove it, or give a package that has it.`)
  return { tables: tablesOf(manifest.entities), aside: [], isAssumed: true }
}
