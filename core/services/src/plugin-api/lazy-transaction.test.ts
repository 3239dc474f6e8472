import { describe, expect, test } from 'vitest'
import type { EntityTransaction } from '@opsflux/data'
import { runLazily } from './lazy-transaction.ts'

const actor = { tenantId: 't', userId: 'u', locale: 'en', permissions: [] }

/** Stands in for the database: says when a transaction began and how it ended. */
function recording({ refuses = false, failsAtCommit = false } = {}) {
  const events: string[] = []
  const transaction = { count: async () => { events.push('count'); return 3 } } as unknown as EntityTransaction
  const begin = async (work: (given: EntityTransaction) => Promise<void>): Promise<void> => {
    if (refuses) throw new Error('no connection')
    events.push('begin')
    try {
      await work(transaction)
      if (failsAtCommit) throw new Error('commit failed')
      events.push('commit')
    } catch (error) {
      events.push('rollback')
      throw error
    }
  }
  return { events, begin }
}

describe('a transaction that begins at its first use', () => {
  test('does not begin for work that does not use it, whether it succeeds or fails', async () => {
    const { events, begin } = recording()
    expect(await runLazily(actor, begin, async () => 1)).toBe(1)
    await expect(runLazily(actor, begin, async () => { throw new Error('mine') })).rejects.toThrow('mine')
    expect(events).toEqual([])
  })

  test('begins once, and is committed before the work is answered', async () => {
    const { events, begin } = recording()
    expect(await runLazily(actor, begin, async (transaction) => (await Promise.all([transaction.count('a'), transaction.count('b')]))[0])).toBe(3)
    expect(events).toEqual(['begin', 'count', 'count', 'commit'])
  })

  test('is rolled back when the work fails, with the error of the work', async () => {
    const { events, begin } = recording()
    await expect(runLazily(actor, begin, async (transaction) => { await transaction.count('a'); throw new Error('mine') })).rejects.toThrow('mine')
    expect(events).toEqual(['begin', 'count', 'rollback'])
  })

  test('fails the work when it cannot be had or committed', async () => {
    await expect(runLazily(actor, recording({ refuses: true }).begin, (transaction) => transaction.count('a'))).rejects.toThrow('no connection')
    await expect(runLazily(actor, recording({ failsAtCommit: true }).begin, (transaction) => transaction.count('a'))).rejects.toThrow('commit failed')
    // Even when the work made light of it.
    await expect(runLazily(actor, recording({ refuses: true }).begin, (transaction) => transaction.count('a').catch(() => 0))).rejects.toThrow('no connection')
  })

  test('does not begin after its work', async () => {
    const { events, begin } = recording()
    const kept = await runLazily(actor, begin, async (transaction) => [transaction])
    await expect(kept[0]?.count('a')).rejects.toMatchObject({ code: 'conflict' })
    expect(events).toEqual([])
  })
})
