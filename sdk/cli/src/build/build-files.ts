import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { localeNames, pluginManifestProblems, writeJson } from '@opsflux/registry-client'
import { OpsFluxError, type FieldError, type PluginManifest } from '@opsflux/sdk'
import { manifestOf } from '../archive/pack.ts'
import { checkReport } from '../migrate/check-report.ts'
import { bundleOne } from './bundle-one.ts'
import type { BuiltClient } from './client-bundle.ts'
import { declaredManifest, readDeclaration } from './declaration.ts'
import { readDocuments } from './documents.ts'
import { entityProblems } from './entity-rules.ts'
import { readLocales } from './locales.ts'
import { readMigrations } from './migrations.ts'
import { sbomOf } from './sbom.ts'
import { versionOf } from './version.ts'

/** All files of the package but the signature, from staged sources. @throws validation-failed */
export async function buildFiles(root: string): Promise<{ plugin: PluginManifest; files: Map<string, Buffer> }> {
  if (!existsSync(join(root, 'plugin.ts'))) throw new OpsFluxError('validation-failed', 'plugin.ts is missing. Write the declarations of the plugin there, with `definePlugin({ … })`.')
  const version = await versionOf(root)
  const [documents, locales, migrations] = [await readDocuments(root, version), await readLocales(root), await readMigrations(root)]
  const declared = declaredManifest(await readDeclaration(root), version)
  const server = existsSync(join(root, 'server/index.ts')) ? await bundleOne(root, 'server/index.ts', 'server code runs in a sandbox without modules of Node.js') : undefined
  const client = await clientOf(root)
  const plugin: PluginManifest = {
    ...declared, migrations: migrations.entries, locales: [...localeNames],
    ...(server ? { server: 'server/index.js' } : {}), ...(client ? { client: client.bundle } : {}),
  }
  judge(await problemsOf(plugin))
  await mustAgree(root, plugin)
  const files = new Map([...documents, ...locales, ...migrations.files, ...client?.files ?? []])
  files.set('plugin.json', writeJson(plugin))
  if (server) files.set('server/index.js', Buffer.from(server.code))
  files.set('sbom.json', await sbomOf(plugin, root, [...server?.modules ?? [], ...client?.modules ?? []]))
  files.set('manifest.json', manifestOf(plugin, files))
  return { plugin, files }
}

async function clientOf(root: string): Promise<BuiltClient | undefined> {
  if (!existsSync(join(root, 'client/index.ts'))) return undefined
  // Vite takes longer to load than to build: only where there is something to bundle.
  const { buildClient } = await import('./client-bundle.ts')
  return buildClient(root)
}

/** What a host refuses, and what the database would when the tables are made. */
async function problemsOf(plugin: PluginManifest): Promise<FieldError[]> {
  const problems = pluginManifestProblems(plugin)
  return problems.length > 0 ? problems : entityProblems(plugin.entities)
}

function judge(problems: readonly FieldError[]): void {
  if (problems.length === 0) return
  const lines = problems.map(({ path, message }) => `  ${path || '/'} ${message}`).join('\n')
  throw new OpsFluxError('validation-failed', `The declarations of the plugin are not valid:\n${lines}\nCorrect plugin.ts or entities.ts and build again.`, { data: { errors: problems.map((problem) => ({ ...problem })) } })
}

async function mustAgree(root: string, { entities }: PluginManifest): Promise<void> {
  const differences = await checkReport(root, entities, { isNeeded: false })
  if (differences.length > 0) throw new OpsFluxError('validation-failed', `The entities and migrations/schema.json disagree:\n${differences.map((line) => `  ${line}`).join('\n')}\nRun \`opsflux migrate\`, review the migration it writes, and build again.`)
}
