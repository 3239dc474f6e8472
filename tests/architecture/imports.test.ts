import { expect, test } from 'vitest'
import { findCycles } from './cycles.ts'
import { importTable, pluginMayImport } from './import-table.ts'
import { imports, isRelative, packageNameOf } from './imports.ts'
import { packageOf, packages, underlying, workspaces } from './packages.ts'
import { read, sources } from './repository.ts'

const ours = new Set(workspaces.map(({ name }) => name))

test('the table of imports knows every package that is neither plugin nor example', () => {
  const named = workspaces.filter(({ folder }) => !/^(plugins|examples)\//.test(folder)).map(({ name }) => name)
  expect(Object.keys(importTable).toSorted()).toEqual(named.toSorted())
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

test.each(packages.map(({ folder }) => folder))('no file of %s imports itself by way of others', (folder) => {
  const edges = imports.flatMap(({ from, file }) => {
    const target = file === undefined ? undefined : underlying(file)
    return target !== undefined && packageOf(from).folder === folder && packageOf(target).folder === folder ? [[underlying(from), target] as const] : []
  })
  expect(findCycles(edges)).toEqual([])
})

test('only the child process of the sandbox names isolated-vm (CORE-16)', () => {
  const allowed = /^core\/kernel\/src\/sandbox\/child[^/]*\.ts$|^tests\//
  expect(sources.filter((path) => !allowed.test(path) && read(path).includes('isolated-vm'))).toEqual([])
})

function describe({ from, specifier }: { from: string; specifier: string }): string {
  return `${from} imports ${specifier}`
}
