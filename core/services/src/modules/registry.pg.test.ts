import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { PostgresVersionStore } from './registry.ts'

let database: TestDatabase
beforeAll(async () => { database = await testDatabase() })
afterAll(() => database.close())

describe('the versions of registry metadata a platform has seen', () => {
  test('only rise, whoever writes them', async () => {
    const store = new PostgresVersionStore(database.database.admin)
    expect(await store.get('timestamp')).toBeUndefined()
    await Promise.all([store.set('timestamp', 4), store.set('timestamp', 9), store.set('timestamp', 2)])
    expect(await new PostgresVersionStore(database.database.admin).get('timestamp')).toBe(9)
    await store.set('timestamp', 3)
    expect(await store.get('timestamp')).toBe(9)
  })
})
