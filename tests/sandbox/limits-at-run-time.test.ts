import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

const count = { 'db.count': { ...echoHostCall, handle: async () => 1 } }
const ask = 'ask: async (n, { db }) => { let made = 0; for (let i = 0; i < n; i++) await db.incident.count().then(() => made++, () => {}); return made }'

test('other limits hold from the next call on, in the child that runs', async () => {
  await using scene = new Scene(`${ask}, log: (_, { log }) => { for (let i = 0; i < 9; i++) log.info(i) }, big: (n) => 'x'.repeat(n)`, { hostCalls: count, limits: { hostCallsPerCall: 10 } })
  expect(await scene.outcome('ask', 20)).toEqual({ value: 10 })
  scene.sandbox.setLimits({ hostCallsPerCall: 3, logLinesPerCall: 2, messageBytes: 5000 })
  expect(await scene.outcome('ask', 20)).toEqual({ value: 3 })
  await scene.outcome('log')
  expect(scene.log).toHaveLength(3)
  expect(await scene.outcome('big', 6000)).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('5000 bytes') })
  scene.sandbox.setLimits({ hostCallsPerCall: 15, messageBytes: 4_000_000 })
  expect(await scene.outcome('ask', 20)).toEqual({ value: 15 })
  expect(await scene.outcome('big', 3_000_000)).toEqual({ value: 'x'.repeat(3_000_000) })
  expect(scene.deaths).toEqual([])
  expect(scene.events.filter((event) => event.type === 'started')).toHaveLength(1)
})

test('a call that runs keeps the limits it began with: it is not killed for what it was allowed', async () => {
  const sandbox: { lower(): void } = { lower: () => undefined }
  await using scene = new Scene(ask, { hostCalls: { 'db.count': { schema: {}, handle: async () => (sandbox.lower(), 1) } }, limits: { hostCallsPerCall: 10 } })
  sandbox.lower = () => scene.sandbox.setLimits({ hostCallsPerCall: 2 })
  expect(await scene.outcome('ask', 20)).toEqual({ value: 10 })
  expect(await scene.outcome('ask', 20)).toEqual({ value: 2 })
  expect(scene.deaths).toEqual([])
})

test('time, memory and calls at once are those of the moment', async () => {
  const sandbox: { lower(): void } = { lower: () => undefined }
  await using scene = new Scene("loop: () => { for (;;); }, fill: async (_, { db }) => { globalThis.kept = new Uint8Array(8e7).fill(7); await db.incident.count(); for (;;); }", {
    limits: { callMs: 20_000, memoryMb: 512 },
    hostCalls: { 'db.count': { schema: {}, handle: async () => (sandbox.lower(), 1) } },
  })
  sandbox.lower = () => scene.sandbox.setLimits({ memoryMb: 100 })
  expect(await scene.outcome('fill')).toMatchObject({ code: 'plugin-failed' })
  scene.sandbox.setLimits({ callMs: 200, memoryMb: 256 })
  expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-timeout' })
  expect(scene.deaths).toEqual(['memory', 'timeout'])
  scene.sandbox.setLimits({ callMs: 5000, callsInFlight: 1, callsWaiting: 1 })
  await scene.expectAliveAlone()
  const outcomes = await Promise.all(Array.from({ length: 3 }, () => scene.outcome('ping')))
  expect(outcomes.filter((outcome) => 'value' in outcome)).toHaveLength(2)
})

test('limits set while the child starts hold for its first call', async () => {
  await using scene = new Scene(ask, { hostCalls: count })
  const first = scene.outcome('ask', 20)
  scene.sandbox.setLimits({ hostCallsPerCall: 4 })
  expect(await first).toEqual({ value: 4 })
  expect(scene.deaths).toEqual([])
})

test('what is not a number is no limit', async () => {
  await using scene = new Scene('')
  expect(() => scene.sandbox.setLimits({ callMs: Number.NaN })).toThrow(RangeError)
  expect(() => scene.sandbox.setLimits({ memoryMb: Number.POSITIVE_INFINITY })).toThrow(RangeError)
  await scene.expectAliveAlone()
})
