import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import type { DatabaseTransaction } from './records-connection.ts'
import { sql } from './sql.ts'

const actor = { tenantId: randomUUID(), userId: randomUUID() }
let own: TestDatabase
beforeAll(async () => {
  own = await testDatabase()
  await own.database.admin.query(`
    create table opsflux.note (id integer primary key, text text not null, unique (text) deferrable initially deferred);
    grant select, insert, update on opsflux.note to opsflux_app`)
})
afterAll(() => own.close())

const run = <T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> => own.database.transaction(actor, work)
const texts = async (): Promise<string[]> => (await own.database.admin.query<{ text: string }>('select text from opsflux.note order by id')).rows.map(({ text }) => text)
const add = (id: number, text: string) => sql`insert into opsflux.note values (${id}, ${text})`

describe('a transaction', () => {
  test('answers the rows of each statement of one round trip, in text', async () => {
    const answers = await run((transaction) => transaction.many([sql`select 1, null, true`, sql`select x from generate_series(1, 3) x`, sql`select ${['a"b', '\\', null]}::text[]`, sql`select timestamptz '2026-03-01 09:30:00.123456+01', date '2026-03-01'`]))
    expect(answers).toEqual([[['1', null, 't']], [['1'], ['2'], ['3']], [['{"a\\"b","\\\\",NULL}']], [['2026-03-01 08:30:00.123456+00', '2026-03-01']]])
  })

  test('is all or nothing, whether it takes one round trip or several', async () => {
    await run((transaction) => transaction.many([add(1, 'one'), add(2, 'two')], { last: true }))
    await expect(run((transaction) => transaction.many([add(3, 'three'), add(1, 'again'), add(4, 'four')], { last: true }))).rejects.toThrow('duplicate')
    await expect(run(async (transaction) => {
      await transaction.texts(add(3, 'three'))
      transaction.queue(add(4, 'four'))
      await transaction.texts(add(1, 'again'))
    })).rejects.toThrow('duplicate')
    await expect(run(async (transaction) => {
      await transaction.texts(add(3, 'three'))
      throw new Error('no')
    })).rejects.toThrow('no')
    expect(await texts()).toEqual(['one', 'two'])
  })

  test('sends what is queued with the commit, and fails with what the commit finds', async () => {
    await run(async (transaction) => transaction.queue(add(5, 'five')))
    await expect(run(async (transaction) => transaction.queue(add(6, 'five')))).rejects.toMatchObject({ code: '23505' })
    await expect(run((transaction) => transaction.texts(add(6, 'five')))).rejects.toMatchObject({ code: '23505' })
    expect(await texts()).toEqual(['one', 'two', 'five'])
  })

  test('goes on with the same connections after statements that failed to parse, to bind or to run', async () => {
    for (let turn = 0; turn < 12; turn++) {
      await expect(run((transaction) => transaction.texts(sql`select * from nowhere`))).rejects.toMatchObject({ code: '42P01' })
      await expect(run((transaction) => transaction.texts(sql`select ${'x'}::uuid`))).rejects.toMatchObject({ code: '22P02' })
      await expect(run((transaction) => transaction.texts(sql`select 1 / ${0}::integer`))).rejects.toMatchObject({ code: '22012' })
      expect(await run((transaction) => transaction.texts(sql`select ${'x'}::text`))).toEqual([['x']])
    }
  })

  test('keeps no more prepared statements than it may', async () => {
    const counts = await run(async (transaction) => {
      for (let shape = 0; shape < 450; shape++) await transaction.texts(sql`select ${sql.raw(String(shape))}`)
      return transaction.texts(sql`select count(*) from pg_prepared_statements`)
    })
    expect(Number(counts[0]?.[0])).toBeLessThanOrEqual(201)
  })

  test('reads again when a column has another type than when its statement was prepared', async () => {
    const read = (): Promise<unknown> => run((transaction) => transaction.many([sql`select text from opsflux.note where id = ${1}::integer`], { last: true }))
    for (let connection = 0; connection < 5; connection++) await Promise.all([read(), read(), read(), read(), read()])
    await own.database.admin.query('alter table opsflux.note alter column text type varchar(20)')
    expect(await Promise.all([read(), read(), read(), read(), read()])).toEqual([1, 2, 3, 4, 5].map(() => [[['one']]]))
  })

  test('refuses statements after its end', async () => {
    let kept: DatabaseTransaction | undefined
    await run(async (transaction) => {
      kept = transaction
      await transaction.many([sql`select 1`], { last: true })
    })
    await expect(kept?.texts(sql`select 1`)).rejects.toThrow('ended')
  })
})
