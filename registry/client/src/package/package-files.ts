import { hash } from 'node:crypto'
import type { PackageManifest, PluginManifest } from '@opsflux/sdk'
import { parseJson } from './canonical-json.ts'
import { migrationPaths } from './package-migrations.ts'
import { refusal } from './refusal.ts'
import { isObject } from './shape.ts'

const plainFiles = ['plugin.json', 'README.md', 'CHANGELOG.md', 'sbom.json', 'icon.svg', 'LICENSE']
const neededFiles = ['plugin.json', 'README.md', 'CHANGELOG.md', 'sbom.json']
const own = ['manifest.json', 'manifest.sig']

/** Every listed file is there as listed, and no other. @param fileOf undefined when there is none */
export function checkListedFiles(manifest: PackageManifest, entries: Iterable<string>, fileOf: (path: string) => Buffer | undefined): void {
  const listed = new Set(manifest.files.map((file) => file.path))
  for (const entry of entries) {
    if (!listed.has(entry) && !own.includes(entry)) throw refusal('file-unlisted', `The file "${entry}" is not listed in manifest.json.`, entry)
  }
  for (const { path, size, sha256 } of manifest.files) {
    const bytes = fileOf(path)
    if (!bytes) throw refusal('file-missing', `The file "${path}" is listed in manifest.json but missing.`, path)
    if (bytes.length !== size || hash('sha256', bytes, 'hex') !== sha256) throw refusal('file-altered', `The file "${path}" is not the one listed in manifest.json.`, path)
  }
}

/** The files are those that `plugin.json` speaks of, and it speaks of the release that `manifest.json` is for. */
export function checkPluginFiles(manifest: PackageManifest, plugin: PluginManifest, files: ReadonlyMap<string, Buffer>): void {
  for (const key of ['id', 'version', 'publisher', 'sdk'] as const) {
    if (manifest[key] !== plugin[key]) throw refusal('plugin-mismatch', `The files manifest.json and plugin.json do not agree on the ${key}.`, 'plugin.json')
  }
  const expected = new Set([...neededFiles, ...declaredFiles(plugin)])
  for (const path of expected) if (!files.has(path)) throw refusal('file-missing', `The file "${path}" is missing: plugin.json speaks of it or every package has it.`, path)
  for (const path of files.keys()) {
    if (!expected.has(path) && !plainFiles.includes(path) && !own.includes(path)) throw refusal('file-unexpected', `The file "${path}" has no place in a package.`, path)
  }
  checkIntegrity(plugin, files)
  checkIcon(files.get('icon.svg'))
  for (const locale of plugin.locales) checkLocale(`locales/${locale}.json`, files, locale === 'en' ? plugin.menus.map((menu) => menu.label) : [])
}

function declaredFiles(plugin: PluginManifest): string[] {
  return [
    ...(plugin.server === undefined ? [] : [plugin.server]), ...migrationPaths(plugin), ...plugin.locales.map((locale) => `locales/${locale}.json`),
    ...(plugin.client ? [plugin.client.entry, ...plugin.client.css, ...Object.keys(plugin.client.integrity)] : []),
  ]
}

function checkIntegrity({ client }: PluginManifest, files: ReadonlyMap<string, Buffer>): void {
  if (!client) return
  for (const path of [client.entry, ...client.css]) {
    if (!Object.hasOwn(client.integrity, path)) throw refusal('plugin-invalid', `The file "${path}" has no integrity in plugin.json.`, path)
  }
  if (!client.entry.endsWith('.js') || !client.css.every((path) => path.endsWith('.css'))) throw refusal('plugin-invalid', 'The client of plugin.json names files of the wrong kind.', 'plugin.json')
  for (const [path, integrity] of Object.entries(client.integrity)) {
    if (`sha384-${hash('sha384', files.get(path) ?? '', 'base64')}` !== integrity) throw refusal('file-altered', `The file "${path}" does not match its integrity in plugin.json.`, path)
  }
}

/** The icon is shown on pages of the platform: a drawing, not a document that runs or fetches something. */
function checkIcon(icon: Buffer | undefined): void {
  if (!icon) return
  const source = icon.toString('utf8')
  if (!/^\s*(<\?xml[^>]*\?>\s*)?<svg[\s>]/.test(source) || /<(?:[^\s<>/]*:)?(?:script|foreignObject|iframe|embed|object|handler)|<!|[\s/"']on\w+\s*=|javascript:|(href|src)\s*=\s*["']?(?!["']?#)|url\(\s*["']?(?!["']?#)|@import|&#/i.test(source)) {
    throw refusal('icon-unsafe', 'The file "icon.svg" is more than a drawing: no scripts, handlers, documents or addresses may be in it.', 'icon.svg')
  }
}

function checkLocale(path: string, files: ReadonlyMap<string, Buffer>, needed: readonly string[]): void {
  const messages = parseJson(files.get(path) ?? Buffer.alloc(0), path, 'plugin-invalid')
  if (!isObject(messages) || !Object.values(messages).every((message) => typeof message === 'string')) {
    throw refusal('plugin-invalid', `The file "${path}" is not a flat table of messages.`, path)
  }
  const missing = needed.find((key) => !Object.hasOwn(messages, key))
  if (missing !== undefined) throw refusal('plugin-invalid', `The file "${path}" has no message "${missing}", which a menu needs.`, path)
}
