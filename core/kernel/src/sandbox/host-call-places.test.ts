import { expect, test } from 'vitest'
import { HostCallPlaces } from './host-call-places.ts'

/** Lets everything that can go on do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('eight have a place at once, and who waits gets one that is given back, in order', async () => {
  const places = new HostCallPlaces()
  const order: number[] = []
  for (let number = 1; number <= 12; number++) void places.take(() => undefined).then(() => order.push(number))
  await settled()
  expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  for (let times = 0; times < 3; times++) places.free()
  await settled()
  expect(order.slice(8)).toEqual([9, 10, 11])
})

test('nobody has a place while the child does not read, and all that fit once it does', async () => {
  const places = new HostCallPlaces()
  const reads = Promise.withResolvers<void>()
  let isBlocked = true
  let taken = 0
  for (let number = 0; number < 12; number++) void places.take(() => (isBlocked ? reads.promise : undefined)).then(() => (taken += 1))
  await settled()
  expect(taken).toBe(0)
  isBlocked = false
  reads.resolve()
  await settled()
  expect(taken).toBe(8)
})
