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

/** Folders that hold only what a release has different from the plugin they lie over. */
export const overlays: readonly { folder: string; over: string }[] = [
  ...new Set(files.flatMap((path) => /^plugins\/[^/]+\/releases\/[^/]+(?=\/)/.exec(path) ?? [])),
].map((folder) => ({ folder, over: folder.replace(/\/releases\/.*/, '') })).concat({ folder: 'tests/fixtures/hse-reports-1.3.0', over: 'plugins/hse-reports' })

export const packages: readonly Package[] = files.filter((path) => /(^|\/)package\.json$/.test(path) && !isOverlay(path)).map(readPackage)

/** The packages that npm links: without the root and the fixtures. */
export const workspaces = packages.filter(({ folder }) => folder !== '' && !folder.startsWith('tests/'))

/** The package whose folder a file is in; the root's for `scripts/` and `tests/`. */
export function packageOf(path: string): Package {
  const [nearest] = packages.filter(({ folder }) => folder === '' || path.startsWith(`${folder}/`)).toSorted((a, b) => b.folder.length - a.folder.length)
  if (!nearest) throw new Error(`${path} is in no package.`)
  return nearest
}

export function isOverlay(path: string): boolean {
  return overlayOf(path) !== undefined
}

/** Where a path of an overlay stands once the overlay lies over its plugin. */
export function underlying(path: string): string {
  const overlay = overlayOf(path)
  return overlay ? path.replace(overlay.folder, overlay.over) : path
}

function overlayOf(path: string): (typeof overlays)[number] | undefined {
  return overlays.find(({ folder }) => path.startsWith(`${folder}/`))
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
