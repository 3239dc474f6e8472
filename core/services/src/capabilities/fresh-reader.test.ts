import { expect, test } from 'vitest'
import { FreshReader } from './fresh-reader.ts'

function scene() {
  const source = new Map([['a', 1], ['b', 2]])
  const reads: string[][] = []
  const clock = { ms: 0 }
  let gate: Promise<void> | undefined
  const reader = new FreshReader<number>({
    maxAgeMs: 1_000, now: () => clock.ms,
    read: async (keys) => {
      reads.push(keys)
      const snapshot = new Map(source)
      await gate
      return snapshot
    },
  })
  return { source, reads, clock, reader, hold: (until: Promise<void> | undefined) => { gate = until } }
}

test('reads what many ask for at once, and remembers it for as long as it is fresh', async () => {
  const { reader, reads, clock, source } = scene()
  expect(await Promise.all([reader.get('a'), reader.get('b'), reader.get('a'), reader.get('none')])).toEqual([1, 2, 1, undefined])
  expect(reads).toEqual([['a', 'b', 'none']])
  source.set('a', 10)
  clock.ms = 999
  expect(await reader.get('a')).toBe(1)
  clock.ms = 1_000
  expect(await reader.get('a')).toBe(10)
})

test('reads anew after forgetting, even while an older read is still under way', async () => {
  const { reader, reads, source, hold } = scene()
  const { promise, resolve } = Promise.withResolvers<void>()
  hold(promise)
  const early = reader.get('a')
  await expect.poll(() => reads.length).toBe(1)
  source.set('a', 10)
  reader.forget((key) => key === 'a')
  const late = reader.get('a')
  hold(undefined)
  resolve()
  expect([await early, await late, await reader.get('a')]).toEqual([1, 10, 10])
})

test('has one read under way at a time', async () => {
  const { reader, reads, hold } = scene()
  const { promise, resolve } = Promise.withResolvers<void>()
  hold(promise)
  const first = reader.get('a')
  await expect.poll(() => reads.length).toBe(1)
  const others = ['b', 'c', 'd'].map((key) => reader.get(key))
  await Promise.resolve()
  expect(reads).toHaveLength(1)
  resolve()
  await Promise.all([first, ...others])
  expect(reads).toEqual([['a'], ['b', 'c', 'd']])
})

test('does not remember a failure', async () => {
  let isDown = true
  const reader = new FreshReader<number>({ maxAgeMs: 1_000, read: async () => { if (isDown) throw new Error('down'); return new Map([['a', 1]]) } })
  await expect(reader.get('a')).rejects.toThrow('down')
  isDown = false
  expect(await reader.get('a')).toBe(1)
})
