import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localeNames, pluginManifestProblems, writeJson } from '@opsflux/registry-client'
import { OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { manifestOf } from '../archive/pack.ts'
import { bundleOne } from './bundle-one.ts'
import type { BuiltClient } from './client-bundle.ts'
import { declaredManifest, readDeclaration } from './declaration.ts'
import { readDocuments } from './documents.ts'
import { readLocales } from './locales.ts'
import { readMigrations } from './migrations.ts'
import { sbomOf } from './sbom.ts'
import { parseJson } from './stage.ts'

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
  judge(plugin)
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

async function versionOf(root: string): Promise<string> {
  const source = await readFile(join(root, 'package.json'), 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', 'package.json is missing. It gives the version of the release.', { cause })
  })
  const value = parseJson(source, 'package.json')
  if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string') return value.version
  throw new OpsFluxError('validation-failed', 'package.json has no version. Set the version of the release.')
}

function judge(plugin: PluginManifest): void {
  const problems = pluginManifestProblems(plugin)
  if (problems.length === 0) return
  const lines = problems.map(({ path, message }) => `  ${path || '/'} ${message}`).join('\n')
  throw new OpsFluxError('validation-failed', `The declarations of the plugin are not valid:\n${lines}\nCorrect plugin.ts or entities.ts and build again.`, { data: { errors: problems.map((problem) => ({ ...problem })) } })
}
