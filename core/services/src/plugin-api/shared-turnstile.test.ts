import { expect, test } from 'vitest'
import { SharedTurnstile } from './shared-turnstile.ts'

/** Sends somebody in who stays until told to leave. */
function visitors(turnstile: SharedTurnstile) {
  const inside: string[] = []
  const leaving = new Map<string, () => void>()
  const send = (name: string): Promise<void> => turnstile.pass(name.charAt(0), () => {
    inside.push(name)
    return new Promise<void>((resolve) => { leaving.set(name, () => { inside.splice(inside.indexOf(name), 1); resolve() }) })
  })
  const leave = async (name: string): Promise<void> => {
    leaving.get(name)?.()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { inside, send, leave }
}

test('however many some hold, there is a place for who holds none', async () => {
  const { inside, send, leave } = visitors(new SharedTurnstile({ places: 5, reserved: 2, maxWaitMs: 10_000 }))
  const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'c1', 'd1'].map((name) => send(name))
  await Promise.resolve()
  // Three are for everybody, two for newcomers; then it is full.
  expect(inside).toEqual(['a1', 'a2', 'a3', 'b1', 'c1'])
  await leave('b1')
  expect(inside).toEqual(['a1', 'a2', 'a3', 'c1', 'b2'])
  await leave('c1')
  expect(inside).toEqual(['a1', 'a2', 'a3', 'b2', 'd1'])
  for (const name of ['a1', 'a2', 'a3', 'b2', 'd1', 'a4', 'a5']) await leave(name)
  await Promise.all(all)
  expect(inside).toEqual([])
})

test('a place comes back when the work fails, and who waits too long is turned away', async () => {
  const turnstile = new SharedTurnstile({ places: 1, reserved: 0, maxWaitMs: 20 })
  await expect(turnstile.pass('a', async () => { throw new Error('no') })).rejects.toThrow('no')
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = turnstile.pass('a', () => promise)
  await expect(turnstile.pass('b', async () => undefined)).rejects.toMatchObject({ code: 'too-many-requests' })
  resolve()
  await first
  expect(await turnstile.pass('b', async () => 'yes')).toBe('yes')
})
