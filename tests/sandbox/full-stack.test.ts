import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

// At every depth of the stack, the bridge is entered once more: somewhere it runs out in the middle of the bridge's own code, or of the child's.
const prelude = `
const foreign = new Set()
const seen = new Set()
Error.prepareStackTrace = (error, sites) => {
  for (const site of sites) {
    for (const thing of [site.getThis(), site.getFunction()]) if (thing !== undefined && thing !== null) seen.add(typeof thing)
    const file = String(site.getFileName())
    if (!['server/index.js', '<isolated-vm>', 'null', 'undefined'].includes(file)) seen.add(file)
  }
  return 'stack'
}
const judge = (error) => { void error.stack; if (error.constructor !== RangeError && error.constructor !== Error) foreign.add(String(error)); else if (error.constructor.constructor('return typeof process')() !== 'undefined') foreign.add('host') }`

test('errors of a stack that ran out inside the bridge are the module\'s own and show nothing', async () => {
  await using scene = new Scene(
    `deep: async (_, { db, log }) => {
      const down = () => {
        try { down() } catch (error) { judge(error) }
        try { log.info({ toString: () => new Error('inside').stack }) } catch (error) { judge(error) }
        try { db.incident.count({ toJSON: () => new Error('inside').stack }).catch(judge) } catch (error) { judge(error) }
      }
      down()
      await 0
      return [[...foreign], [...seen]]
    }`,
    { prelude, limits: { callMs: 5000 }, hostCalls: { 'db.count': echoHostCall } },
  )
  expect(await scene.outcome('deep')).toEqual({ value: [[], []] })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
