import { OpsFluxError } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('the error of a host call the module lets through is the very one the host threw', async () => {
  const error = new OpsFluxError('validation-failed', 'Some values are not accepted.', { data: { errors: [{ path: '/site', code: 'required', message: 'is required' }] } })
  await using scene = new Scene('let: (_, { db }) => db.incident.create({}), see: (_, { db }) => db.incident.create({}).catch((e) => [e.code, e.message, e.data === undefined]), copy: (_, { db }) => db.incident.create({}).catch((e) => { throw Object.assign(new Error("copy"), e) })', {
    hostCalls: { 'db.create': { schema: {}, handle: () => Promise.reject(error) } },
  })
  expect(await scene.outcome('let')).toEqual({ code: 'validation-failed', message: error.message, data: error.data })
  expect(await scene.outcome('see')).toEqual({ value: ['validation-failed', error.message, true] })
  expect(await scene.outcome('copy')).toMatchObject({ code: 'plugin-failed' })
})

test('an answer of the host over the message limit is refused, not sent', async () => {
  await using scene = new Scene('ask: (_, { db }) => db.incident.find()', { hostCalls: { 'db.find': { schema: {}, handle: async () => 'x'.repeat(2e6) } } })
  expect(await scene.outcome('ask')).toMatchObject({ code: 'payload-too-large' })
  await scene.expectAlive()
})

test('time the host takes to answer is not held against the module', async () => {
  let release = (): void => {}
  const held = new Promise<number>((resolve) => (release = () => resolve(1)))
  await using scene = new Scene('ask: (_, { db }) => db.incident.count(), loop: () => { for (;;); }', { limits: { callMs: 200 }, hostCalls: { 'db.count': { schema: {}, handle: () => held } } })
  const call = scene.sandbox.call('route:ask', null, { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] }, { name: 'patient' })
  // Another call's whole time limit passes meanwhile; the patient one only read, so it is run again after the child was ended.
  expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-timeout' })
  release()
  expect(await call).toBe(1)
})
