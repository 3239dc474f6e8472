import { describe, expect, test } from 'vitest'
import { PluginLocks } from './plugin-locks.ts'

describe('changes of plugins on one host', () => {
  test('run one after the other for one plugin, in order, whatever becomes of them; other plugins do not wait', async () => {
    const locks = new PluginLocks()
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const runs = [
      locks.run('demo', async () => { await first.promise; order.push('first'); throw new Error('failed') }).catch(() => undefined),
      locks.run('demo', async () => { order.push('second') }),
      locks.run('other', async () => { order.push('other') }),
    ]
    await runs[2]
    expect(order).toEqual(['other'])
    first.resolve()
    await Promise.all(runs)
    expect(order).toEqual(['other', 'first', 'second'])
    expect(await locks.run('demo', async () => 'third')).toBe('third')
  })
})
