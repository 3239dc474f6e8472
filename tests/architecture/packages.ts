import { files, read } from './repository.ts'

export type DependencyKind = 'dependencies' | 'optionalDependencies' | 'peerDependencies' | 'devDependencies'

export interface Package {
  /** From the root of the repository; empty for the root. */
  folder: string
  name: string
  version: string
  exports: Record<string, string>
  dependencies: Record<DependencyKind, Record<string, string>>
  overrides: Record<string, string>
}

/** Overlays hold only what differs from the plugin they lie over: their package.json is a part of a release, not a package. */
const overlays = /^(plugins\/[^/]+)\/releases\/[^/]+\/|^tests\/fixtures\/hse-reports-1\.2\.0\//

export const packages: readonly Package[] = files.filter((path) => /(^|\/)package\.json$/.test(path) && !overlays.test(path)).map(readPackage)

/** The packages that npm links: without the root and the fixtures. */
export const workspaces = packages.filter(({ folder }) => folder !== '' && !folder.startsWith('tests/'))

/** The package whose folder a file is in; the root's for `scripts/` and `tests/`. */
export function packageOf(path: string): Package {
  const [nearest] = packages.filter(({ folder }) => folder === '' || path.startsWith(`${folder}/`)).toSorted((a, b) => b.folder.length - a.folder.length)
  if (!nearest) throw new Error(`${path} is in no package.`)
  return nearest
}

/** Where a path of an overlay stands once the overlay lies over its plugin. */
export function underlying(path: string): string {
  const [prefix, plugin = 'plugins/hse-reports'] = overlays.exec(path) ?? []
  return prefix === undefined ? path : `${plugin}/${path.slice(prefix.length)}`
}

function readPackage(path: string): Package {
  const json = JSON.parse(read(path)) as Partial<Package> & Partial<Record<DependencyKind, Record<string, string>>>
  return {
    folder: path.slice(0, Math.max(0, path.lastIndexOf('/'))), name: json.name ?? '', version: json.version ?? '', exports: json.exports ?? {}, overrides: json.overrides ?? {},
    dependencies: {
      dependencies: { ...json.dependencies }, optionalDependencies: json.optionalDependencies ?? {},
      peerDependencies: json.peerDependencies ?? {}, devDependencies: json.devDependencies ?? {},
    },
  }
}
