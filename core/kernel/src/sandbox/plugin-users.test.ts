import { expect, test } from 'vitest'
import { PluginUsers, triedUser } from './plugin-users.ts'

test('every plugin has a user of its own, and keeps it', () => {
  const users = new PluginUsers()
  const ids = Array.from({ length: 2000 }, (_, index) => `acme-module-${index}`)
  const given = ids.map((id) => users.userOf(id))
  expect(new Set(given).size).toBe(ids.length)
  expect(ids.map((id) => users.userOf(id))).toEqual(given)
  expect(given).not.toContain(triedUser)
})

test('without a clash a plugin is the same user in every process', () => {
  expect(new PluginUsers().userOf('acme-module-1')).toBe(new PluginUsers().userOf('acme-module-1'))
})

test('where no user is left, none is shared', () => {
  const users = new PluginUsers()
  for (let index = 0; index < 4336; index++) users.userOf(`acme-module-${index}`)
  expect(() => users.userOf('acme-one-more')).toThrow('no user is left')
})
