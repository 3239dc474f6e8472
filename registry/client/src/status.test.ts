import { afterEach, beforeEach, expect, test } from 'vitest'
import { past, Scene, stranger, travel } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
})
afterEach(() => scene[Symbol.asyncDispose]())

test('a client that never asked knows nothing', () => {
  expect(scene.client().status()).toEqual({ reachable: false })
})

test('after a refresh it knows when, and how long that holds', async () => {
  const client = scene.client()
  const before = Date.now()
  await client.refresh()
  const { checkedAt, expires, ...others } = client.status()
  expect(others).toEqual({ reachable: true })
  expect(checkedAt?.getTime()).toBeGreaterThanOrEqual(before)
  expect(expires?.getTime()).toBeGreaterThan(before + 80_000_000)
})

test('a registry that is away, and one that lies, are told apart; what was known stays', async () => {
  const client = scene.client()
  await client.refresh()
  const { checkedAt, expires } = client.status()
  scene.registry.offer(scene.content({ timestamp: 6, signedBy: { timestamp: stranger } }))
  await client.refresh().catch(() => {})
  expect(client.status()).toMatchObject({ reachable: true, checkedAt, expires, problem: { code: 'untrusted-release' } })
  await scene.registry.stop()
  await client.refresh().catch(() => {})
  expect(client.status()).toMatchObject({ reachable: false, checkedAt, expires, problem: { code: 'registry-unreachable' } })
  scene.registry.offer(scene.content({ timestamp: 6 }))
  await scene.registry.start()
  await client.refresh()
  expect(client.status()).toMatchObject({ reachable: true })
  expect(client.status().problem).toBeUndefined()
})

test('after a restart without the registry it knows when it was last heard', async () => {
  await scene.client().refresh()
  await scene.registry.stop()
  const client = scene.client()
  await client.releases()
  expect(client.status()).toMatchObject({ reachable: false, checkedAt: expect.any(Date), expires: expect.any(Date) })
})

test('what runs out while nobody asks is told', async () => {
  const client = scene.client()
  await client.refresh()
  travel(48)
  expect(client.status()).toMatchObject({ problem: { code: 'metadata-expired' } })
})

test.each(['timestamp', 'snapshot', 'targets'] as const)('since when the %s has been out of date is known, also after a restart', async (role) => {
  await scene.client().refresh()
  scene.registry.offer(scene.content({ targets: 6, snapshot: 6, timestamp: 6, expires: { [role]: past } }))
  const client = scene.client()
  await client.refresh().catch(() => {})
  const expected = new Date(Math.floor(past.getTime() / 1_000) * 1_000)
  expect(client.status()).toMatchObject({ expires: expected, problem: { code: 'metadata-expired' } })
})
