import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

const prelude = `
const seen = []
const trap = (name) => ({ configurable: true, get() { return undefined }, set(value) { seen.push([name, typeof value, Object.keys(value ?? {}).join()]) } })
for (const name of ['call', 'id', 'open', 'waiting', 'resolve', 'reject', 'owner', 'run', 'entity', 'code', '0', '1', '7']) Object.defineProperty(Object.prototype, name, trap(name))
Object.prototype.get = () => 'polluted'
Object.prototype.toJSON = function () { return { polluted: true } }
Array.prototype[Symbol.iterator] = function* () { yield 'polluted' }
`

test('polluted prototypes change what the module says, never what the bridge says for it', async () => {
  const asked: unknown[] = []
  await using scene = new Scene('ask: async (_, { db, user }) => { await db.incident.findOne("one"); return user.id + seen.length }', {
    prelude,
    hostCalls: { 'db.findOne': { ...echoHostCall, handle: async (args) => (asked.push(args), null) } },
  })
  expect(await scene.outcome('ask')).toEqual({ value: 'user-10' })
  expect(asked).toEqual([{ entity: 'incident', id: 'one' }])
  await scene.expectAlive()
})

test('a then on Object.prototype gets values of the module only', async () => {
  await using scene = new Scene("ask: async () => { Object.prototype.then = function (resolve) { delete Object.prototype.then; resolve('taken') }; return { a: 1 } }")
  expect(await scene.outcome('ask')).toEqual({ value: 'taken' })
  await scene.expectAlive()
})
