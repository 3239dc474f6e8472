import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import pino from 'pino'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { OpsFluxError } from '@opsflux/sdk'
import { identityMigrations } from '../identity/index.ts'
import { moduleMigrations } from './migrations.ts'
import { RegistryRecord } from './registry-record.ts'
import { RegistryWatch, type RegistryWatchOptions } from './registry-watch.ts'

const expires = new Date('2026-11-20T00:00:00Z')
const dayMs = 86_400_000

let database: TestDatabase
let record: RegistryRecord
let lines: { level: number; msg: string }[]
let now: Date
/** What the registry answers; undefined when it is out of reach. */
let answer: 'good' | undefined
let asked: number

beforeAll(async () => {
  database = await testDatabase({ kernelMigrations: [...identityMigrations(), ...moduleMigrations()] })
  record = new RegistryRecord(database.database.admin)
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.database.admin.query('delete from opsflux.registry_state')
  lines = []
  now = new Date(expires.getTime() - dayMs)
  answer = 'good'
  asked = 0
})

const gate = { open: Promise.resolve() }
const registry: RegistryWatchOptions['registry'] = {
  refresh: async () => {
    asked++
    await gate.open
    if (!answer) throw new OpsFluxError('registry-unreachable', 'It does not answer.')
  },
  revocations: async () => [],
  latest: async () => undefined,
  status: () => (answer ? { reachable: true, checkedAt: now, expires } : { reachable: false }),
}
const log = pino({ level: 'info' }, { write: (line: string) => { lines.push(JSON.parse(line) as { level: number; msg: string }) } })
const watch = (everySeconds = 3600): RegistryWatch => new RegistryWatch({ registry, record, everySeconds, log, now: () => now, onRefreshed: () => undefined })

describe('the look at the registry', () => {
  test('is one at a time: who asks meanwhile shares the next, which sees what came since', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate.open = promise
    const one = watch()
    const [first, second, third] = [one.refresh(), one.refresh(), one.refresh()]
    expect(asked).toBe(1)
    resolve()
    await first
    await Promise.all([second, third])
    expect(asked).toBe(2)
  })

  test('comes by itself, again and again, until it is stopped', async () => {
    const one = watch(0.01)
    one.start()
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(2)
    one.stop()
  })

  test('is logged when something has changed, not each time', async () => {
    const one = watch()
    await one.refresh()
    answer = undefined
    for (let hour = 0; hour < 5; hour++) await one.refresh().catch(() => undefined)
    expect(lines.map(({ msg }) => msg)).toEqual(['the registry cannot be relied on'])
    now = new Date(expires.getTime() + 3 * dayMs)
    for (let hour = 0; hour < 5; hour++) await one.refresh().catch(() => undefined)
    now = new Date(expires.getTime() + 8 * dayMs)
    for (let hour = 0; hour < 5; hour++) await one.refresh().catch(() => undefined)
    expect(lines.map(({ level }) => level)).toEqual([40, 40, 50])
    now = new Date(expires.getTime() - dayMs)
    answer = 'good'
    for (let hour = 0; hour < 5; hour++) await one.refresh()
    expect(lines.at(-1)).toMatchObject({ msg: 'the registry can be relied on' })
    expect(lines).toHaveLength(4)
  })
})

describe('how far the registry can be relied on', () => {
  test('is not doubted before it was asked', async () => {
    answer = undefined
    expect(await watch().status()).toEqual({ reachable: true, level: 'ok' })
  })

  test.each([[-1, 'ok', false], [1, 'ok', true], [2, 'warning', true], [6.99, 'warning', true], [7, 'alarm', true]] as const)('%s days after the metadata ran out is %s, also on a host that has just started without it', async (days, level, isExpired) => {
    await watch().refresh()
    answer = undefined
    now = new Date(expires.getTime() + days * dayMs)
    const restarted = watch()
    await restarted.refresh().catch(() => undefined)
    expect(await restarted.status()).toMatchObject({ reachable: false, level, ...(isExpired ? { expiredSince: expires.toISOString() } : {}) })
    const refused = restarted.assertFresh().catch((error: OpsFluxError) => error.code)
    expect(await refused).toBe(isExpired ? 'metadata-expired' : 'registry-unreachable')
  })
})
