import { expect, test } from 'vitest'
import type { CallRequest } from './active-call.ts'
import { CallQueue } from './call-queue.ts'
import { completeLimits } from './limits.ts'

const limits = completeLimits({ callsWaiting: 3, waitingBytes: 100, wallMs: 1000, jobMs: 5000 })
const request = (site: string, bytes = 10): CallRequest<undefined> => ({
  site, bytes, takeText: () => '', context: undefined, retried: false, isSuspect: false, resolve: () => undefined, reject: () => undefined,
  info: { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] },
})

test('calls leave in the order they came', () => {
  const queue = new CallQueue<undefined>()
  for (const site of ['route:a', 'route:b', 'route:c']) expect(queue.add(request(site), limits)).toBe(true)
  expect([queue.take(), queue.take(), queue.take(), queue.take()].map((one) => one?.site)).toEqual(['route:a', 'route:b', 'route:c', undefined])
})

test('there is room for so many calls and so many bytes, and room again for what has left', () => {
  const queue = new CallQueue<undefined>()
  expect([60, 50, 40].map((bytes) => queue.add(request('route:a', bytes), limits))).toEqual([true, false, true])
  expect(queue.add(request('route:a', 0), limits)).toBe(true)
  expect(queue.add(request('route:a', 0), limits)).toBe(false)
  queue.take()
  expect(queue.add(request('route:a', 60), limits)).toBe(true)
  expect(queue.takeAll()).toHaveLength(3)
  expect(queue.add(request('route:a', 100), limits)).toBe(true)
})

test('who has waited as long as the call might have taken is given up', () => {
  const queue = new CallQueue<undefined>()
  queue.add(request('route:a', 90), limits)
  queue.add(request('job:b'), limits)
  expect(queue.age(900, limits)).toEqual([])
  expect(queue.age(200, limits).map(({ site }) => site)).toEqual(['route:a'])
  expect(queue.add(request('route:c', 90), limits)).toBe(true)
  expect(queue.age(9000, limits).map(({ site }) => site)).toEqual(['job:b', 'route:c'])
  expect(queue.length).toBe(0)
})
