import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { testDatabase } from '../testing.ts'
import { sql } from './sql.ts'

it('a value too large to hold ends the request that reads it, never the process, and the next request is served', async () => {
  await using test = await testDatabase()
  const read = (length: number) => test.database.transaction({ tenantId: randomUUID(), userId: randomUUID() },
    async (transaction) => (await transaction.texts(sql`select repeat('x', ${length})`))[0]?.[0]?.length)
  for (const length of [40_000_000, 600_000_000]) await expect(read(length)).rejects.toThrow()
  expect(await read(8_000_000)).toBe(8_000_000)
}, 60_000)
