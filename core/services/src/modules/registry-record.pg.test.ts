import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { identityMigrations } from '../identity/index.ts'
import { moduleMigrations } from './migrations.ts'
import { RegistryRecord, type RevokedRelease } from './registry-record.ts'

const digest = (letter: string): string => letter.repeat(64)
const revoked = (id: string, version: string, by: RevokedRelease['by'] = 'publisher'): RevokedRelease => ({ id, version, digest: digest('a'), reason: 'Leaks', at: new Date('2026-11-01T00:00:00Z'), by })

let database: TestDatabase
let record: RegistryRecord
beforeAll(async () => {
  database = await testDatabase({ kernelMigrations: [...identityMigrations(), ...moduleMigrations()] })
  record = new RegistryRecord(database.database.admin)
})
afterAll(() => database.close())

describe('what the registry said last', () => {
  test('is empty before it was ever heard', async () => {
    expect(await record.read()).toEqual({})
    expect(await record.revoked()).toEqual([])
  })

  test('is replaced whole: new revocations come, lifted ones go, the same stay', async () => {
    const state = { checkedAt: new Date('2026-11-20T10:00:00Z'), expires: new Date('2026-11-21T10:00:00Z') }
    await record.write(state, [revoked('hse-a', '1.0.0'), revoked('hse-b', '1.0.0')])
    await record.write(state, [revoked('hse-b', '1.0.0'), revoked('hse-b', '1.0.0', 'registry'), revoked('hse-c', '2.0.0')])
    expect(await record.read()).toEqual(state)
    expect((await record.revoked()).map(({ id, by }) => `${id} ${by}`).toSorted()).toEqual(['hse-b publisher', 'hse-b registry', 'hse-c publisher'])
    await record.write({ ...state, expires: undefined }, [])
    expect(await record.read()).toEqual({ checkedAt: state.checkedAt })
    expect(await record.revoked()).toEqual([])
  })

  test('holds for a version, and for the same content under another version, of that id alone', async () => {
    await record.write({ checkedAt: new Date(), expires: undefined }, [revoked('hse-a', '1.0.0'), revoked('hse-a', '1.0.0', 'registry')])
    expect(await record.revocationOf({ id: 'hse-a', version: '1.0.0', digest: digest('b') })).toMatchObject({ by: 'registry' })
    expect(await record.revocationOf({ id: 'hse-a', version: '1.0.1', digest: digest('a') })).toBeDefined()
    expect(await record.revocationOf({ id: 'hse-a', version: '1.0.1', digest: digest('b') })).toBeUndefined()
    expect(await record.revocationOf({ id: 'hse-b', version: '1.0.0', digest: digest('a') })).toBeUndefined()
    await expect(record.assertNotRevoked({ id: 'hse-a', version: '1.0.0' })).rejects.toMatchObject({ code: 'release-revoked', message: expect.stringMatching(/hse-a 1\.0\.0 was revoked by the registry on 2026-11-01: Leaks\./) })
  })
})
