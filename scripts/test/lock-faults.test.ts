import { expect, test } from 'vitest'
import { listLockFaults } from './lock-faults.mjs'

test('a lock file is right when every optional package has an entry where Node looks for it', () => {
  const packages = {
    '': { optionalDependencies: { runtime: '1.0.0' } },
    'core/data': { optionalDependencies: { engine: '1.0.0' } },
    'node_modules/bundler': { optionalDependencies: { native: '2.0.0', engine: '1.0.0' } },
    'node_modules/bundler/node_modules/native': {},
    'node_modules/engine': { resolved: 'core/engine' },
    'node_modules/runtime': {},
  }
  expect(listLockFaults({ packages })).toEqual([])
})

test('an optional package without an entry, or with one where Node does not look, is named', () => {
  const packages = { '': { optionalDependencies: { native: '2.0.0' } }, 'node_modules/bundler/node_modules/native': {} }
  expect(listLockFaults({ packages })).toEqual(['The root wants native 2.0.0, which has no entry.'])
})

test('an address of a registry is named', () => {
  expect(listLockFaults({ packages: { 'node_modules/a': { resolved: 'https://example.org/a.tgz' } } })).toEqual(['node_modules/a names a registry host: https://example.org/a.tgz'])
})
