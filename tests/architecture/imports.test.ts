import { expect, test } from 'vitest'
import { findCycles } from './cycles.ts'
import { importTable, pluginMayImport } from './import-table.ts'
import { imports, isRelative, packageNameOf, type Import } from './imports.ts'
import { isOverlay, overlays, packageOf, packages, underlying, workspaces } from './packages.ts'
import { read, sources } from './repository.ts'

const ours = new Set(workspaces.map(({ name }) => name))

test('the table of imports knows every package that is neither plugin nor example', () => {
  const named = workspaces.filter(({ folder }) => !/^(plugins|examples)\//.test(folder)).map(({ name }) => name)
  expect(Object.keys(importTable).toSorted()).toEqual(named.toSorted())
})

test('the table in the documentation is the one that is kept', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| `([a-z]+\/[a-z]+)` \| (.+) \|$/gm)].map(([, folder = '', text = '']) => [folder, text.match(/[a-z]+\/[a-z]+/g) ?? []] as const)
  const folderOf = (name: string): string => workspaces.find((workspace) => workspace.name === name)?.folder ?? name
  const kept = Object.entries(importTable).map(([name, allowed]) => [folderOf(name), allowed.map(folderOf).toSorted()])
  expect(Object.fromEntries(rows.map(([folder, allowed]) => [folder, allowed.toSorted()]))).toEqual(Object.fromEntries(kept))
})

test('a package imports only the packages it may', () => {
  const refused = imports.filter(({ from, specifier }) => {
    const importer = packageOf(from)
    const name = packageNameOf(specifier)
    if (importer.folder === '' || name === undefined || !ours.has(name) || name === importer.name) return false
    return !(importTable[importer.name] ?? pluginMayImport).includes(name)
  })
  expect(refused.map(describe)).toEqual([])
})

test('a relative import stays in its package', () => {
  const leaving = imports.filter(({ from, specifier, file = '' }) => isRelative(specifier) && packageOf(from).folder !== '' && packageOf(file) !== packageOf(from))
  expect(leaving.map(describe)).toEqual([])
})

test('a path of a package goes through its exports', () => {
  const byTheBack = imports.filter(({ specifier, file }) => ours.has(packageNameOf(specifier) ?? '') && file === undefined)
  expect(byTheBack.map(describe)).toEqual([])
})

test.each(packages.map(({ folder }) => [folder || 'scripts and tests', folder]))('no file of %s imports itself by way of others', (_name, folder) => {
  expect(findCycles(edgesWithin(folder, imports.filter(({ from }) => !isOverlay(from))))).toEqual([])
})

test.each(overlays)('no file of the release that $folder makes imports itself by way of others', ({ folder, over }) => {
  const replaced = new Set(sources.filter((path) => path.startsWith(`${folder}/`)).map(underlying))
  const release = imports.filter(({ from }) => from.startsWith(`${folder}/`) || (!isOverlay(from) && !replaced.has(from)))
  expect(findCycles(edgesWithin(over, release))).toEqual([])
})

test('only the child process of the sandbox names isolated-vm (CORE-16)', () => {
  const allowed = /^core\/kernel\/src\/sandbox\/child[^/]*\.ts$|^tests\//
  expect(sources.filter((path) => !allowed.test(path) && read(path).includes('isolated-vm'))).toEqual([])
})

function edgesWithin(folder: string, among: readonly Import[]): [from: string, to: string][] {
  return among.flatMap(({ from, file }) => {
    const [source, target] = [underlying(from), file === undefined ? undefined : underlying(file)]
    return target !== undefined && packageOf(source).folder === folder && packageOf(target).folder === folder ? [[source, target]] : []
  })
}

function describe({ from, specifier }: { from: string; specifier: string }): string {
  return `${from} imports ${specifier}`
}
