import { expect, test } from 'vitest'
import { Turnstile } from './turnstile.ts'

test('lets as many through as there are places, the others in their order', async () => {
  const turnstile = new Turnstile(2, 10)
  const events: string[] = []
  const leave: (() => void)[] = []
  const all = ['a', 'b', 'c', 'd'].map((name) => turnstile.pass(() => {
    events.push(name)
    return new Promise<void>((resolve) => { leave.push(resolve) })
  }))
  await Promise.resolve()
  expect(events).toEqual(['a', 'b'])
  leave[0]?.()
  await all[0]
  await Promise.resolve()
  expect(events).toEqual(['a', 'b', 'c'])
  leave[1]?.()
  await all[1]
  leave[2]?.()
  await all[2]
  leave[3]?.()
  await all[3]
  expect(events).toEqual(['a', 'b', 'c', 'd'])
})

test('a place comes back when the work fails', async () => {
  const turnstile = new Turnstile(1, 0)
  await expect(turnstile.pass(async () => { throw new Error('no') })).rejects.toThrow('no')
  expect(await turnstile.pass(async () => 'yes')).toBe('yes')
})

test('refuses when too many wait', async () => {
  const turnstile = new Turnstile(1, 0)
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = turnstile.pass(() => promise)
  await expect(turnstile.pass(async () => undefined)).rejects.toMatchObject({ code: 'too-many-requests' })
  resolve()
  await first
})
