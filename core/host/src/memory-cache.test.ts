import { describe, expect, test } from 'vitest'
import { MemoryCache } from './memory-cache.ts'

const bytes = (length: number) => async () => Buffer.alloc(length)
const refused = async (): Promise<Buffer> => { throw new Error('changed on disk') }

describe('client files in memory', () => {
  test('stay within their total; those used least lately go first, large ones are not kept', async () => {
    const cache = new MemoryCache(100)
    for (const name of ['a', 'b', 'c', 'd']) await cache.get(name, bytes(25))
    await cache.get('a', refused)
    await cache.get('e', bytes(25))
    expect(cache.bytes).toBe(100)
    await expect(cache.get('b', refused)).rejects.toThrow('changed on disk')
    expect((await cache.get('a', refused)).length).toBe(25)
    await cache.get('large', bytes(26))
    await expect(cache.get('large', refused)).rejects.toThrow('changed on disk')
    expect(cache.bytes).toBe(100)
  })

  test('are read once for all who ask at the same time, and again after a failure', async () => {
    const cache = new MemoryCache(100)
    let reads = 0
    const read = async (): Promise<Buffer> => { reads++; return Buffer.alloc(10) }
    await Promise.all([cache.get('a', read), cache.get('a', read), cache.get('a', read)])
    expect(reads).toBe(1)
    await expect(cache.get('b', refused)).rejects.toThrow()
    expect((await cache.get('b', bytes(1))).length).toBe(1)
  })
})
