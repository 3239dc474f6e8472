import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'
import { hashSources } from '../setup/source-hash.mjs'

/** A release as it stands in the sources. */
export interface SourceRelease {
  id: string
  version: string
  /** The plugin's folder. */
  folder: string
  /** Of an older release: what differs from the plugin's folder. */
  overlay?: string
  /** SHA-256 over everything it is built from. */
  sources: string
}

/** Every first-party release, of each plugin in the order of versions. */
export function findReleases(rootFolder: string): SourceRelease[] {
  return findPlugins(rootFolder).flatMap((id) => {
    const folder = join(rootFolder, 'plugins', id)
    const own = hashSources(folder, [''], ['releases'])
    const head = { id, version: versionOf(folder), folder, sources: own }
    const older = readFolder(join(folder, 'releases')).map((name) => join(folder, 'releases', name)).filter((overlay) => existsSync(join(overlay, 'package.json')))
      .map((overlay) => ({ id, version: versionOf(overlay), folder, overlay, sources: `${own}+${hashSources(overlay, [''])}` }))
    return [...older, head].toSorted((one, other) => semver.compare(one.version, other.version))
  })
}

/** The id prefixes a publisher needs for all first-party plugins: `hse-reports` takes `hse-`. */
export function findPrefixes(rootFolder: string): string[] {
  return [...new Set(findPlugins(rootFolder).map((id) => `${id.split('-')[0]}-`))].toSorted()
}

/** A plugin's folder is named by its id. */
function findPlugins(rootFolder: string): string[] {
  return readFolder(join(rootFolder, 'plugins')).filter((id) => existsSync(join(rootFolder, 'plugins', id, 'plugin.ts')))
}

function readFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path).toSorted() : []
}

function versionOf(folder: string): string {
  const value: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string' && semver.valid(value.version)) return value.version
  throw new Error(`${join(folder, 'package.json')} has no version such as "1.0.0".`)
}
