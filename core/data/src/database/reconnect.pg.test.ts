import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPostgres } from '../embedded/index.ts'
import type { RunningPostgres } from '../embedded/index.ts'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { sql } from './sql.ts'

let folder: string
let postgres: RunningPostgres
let database: Database
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opsflux-reconnect-'))
  postgres = await startPostgres({ dataDir: join(folder, 'data'), initdbArguments: ['--wal-segsize=1'] })
  database = await openDatabase({ adminUrl: postgres.url, secret: 'secret' })
})
afterAll(async () => {
  await database.close()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('goes on with the same pools after PostgreSQL was killed and started again, with every committed row', async () => {
  const tenantId = randomUUID()
  const names = (): Promise<unknown[]> => database.transaction({ tenantId, userId: randomUUID() }, (transaction) => transaction.texts(sql`select name from opsflux.tenant`))
  await database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'Committed')", [tenantId])
  expect(await names()).toEqual([['Committed']])
  process.kill(postgres.pid, 'SIGKILL')
  await expect.poll(() => database.app.query('select 1').then(() => 'served', () => 'refused'), { timeout: 20_000 }).toBe('refused')
  postgres = await startPostgres({ dataDir: join(folder, 'data'), port: Number(new URL(postgres.url).port) })
  expect(await names()).toEqual([['Committed']])
  expect((await database.admin.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})
