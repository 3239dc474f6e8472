import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { localeNames, openPackage, pluginManifestProblems, writeJson } from '@opsflux/registry-client'
import { OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { manifestOf, signatureOf, writePackage } from '../archive/pack.ts'
import { bundleOne } from './bundle-one.ts'
import { buildClient } from './client-bundle.ts'
import { declaredManifest, readDeclaration } from './declaration.ts'
import { readDocuments } from './documents.ts'
import { readLocales } from './locales.ts'
import { readMigrations } from './migrations.ts'
import { sbomOf } from './sbom.ts'
import { parseJson, stageSources } from './stage.ts'

export interface BuildOptions {
  /** The plugin's source folder. */
  folder: string
  /** A folder whose files replace or add to the source's; its `overlay.json` may remove some. */
  overlay?: string
  /** PEM of the publisher's private key; without it the package is not signed. */
  privateKeyPem?: string
  /** Folder for the package. Default `dist` in the source folder. */
  out?: string
}

export interface BuiltPackage {
  path: string
  /** SHA-256 of the package, hexadecimal. */
  digest: string
  id: string
  version: string
}

/**
 * Builds `<id>-<version>.tgz` from a plugin's sources: the same sources give the same bytes, wherever they are.
 * The package is opened and judged like a stranger's before it is handed out.
 * @throws validation-failed, invalid-request
 */
export async function buildPackage(options: BuildOptions): Promise<BuiltPackage> {
  const out = resolve(options.out ?? join(options.folder, 'dist'))
  await using stage = await stageSources(resolve(options.folder), options.overlay === undefined ? undefined : resolve(options.overlay))
  const { plugin, files } = await buildFiles(stage.root)
  const manifestBytes = manifestOf(plugin, files)
  files.set('manifest.json', manifestBytes)
  if (options.privateKeyPem !== undefined) files.set('manifest.sig', signatureOf(manifestBytes, options.privateKeyPem))
  const path = join(out, `${plugin.id}-${plugin.version}.tgz`)
  const digest = await writePackage(path, files)
  await openPackage(path)
  return { path, digest, id: plugin.id, version: plugin.version }
}

async function buildFiles(root: string): Promise<{ plugin: PluginManifest; files: Map<string, Buffer> }> {
  const declared = declaredManifest(await readDeclaration(root), await versionOf(root))
  const migrations = await readMigrations(root)
  const locales = await readLocales(root)
  const hasServer = existsSync(join(root, 'server/index.ts'))
  const draft: PluginManifest = { ...declared, migrations: migrations.entries, locales: [...localeNames], ...(hasServer ? { server: 'server/index.js' } : {}) }
  const server = hasServer ? await bundleOne(root, 'server/index.ts', 'server code runs in a sandbox without modules of Node.js') : undefined
  const client = existsSync(join(root, 'client/index.ts')) ? await buildClient(root) : undefined
  const plugin: PluginManifest = client ? { ...draft, client: client.bundle } : draft
  judge(plugin)
  const files = new Map([...migrations.files, ...locales, ...await readDocuments(root, plugin.version), ...client?.files ?? []])
  files.set('plugin.json', writeJson(plugin))
  if (server) files.set('server/index.js', Buffer.from(server.code))
  files.set('sbom.json', await sbomOf(plugin, root, [...server?.modules ?? [], ...client?.modules ?? []]))
  return { plugin, files }
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
