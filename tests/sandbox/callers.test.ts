import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a handler cannot walk up to who called it', async () => {
  await using scene = new Scene(`climb: look`, {
    prelude: `const look = new Function(\`
      const found = []
      const tell = (name, read) => { try { const value = read(); found.push(name + ' ' + (value === null ? 'null' : typeof value)) } catch { found.push(name + ' refused') } }
      tell('caller', () => arguments.callee.caller)
      tell('caller of caller', () => look.caller)
      tell('arguments', () => arguments.length === 2 ? undefined : arguments.length)
      tell('this', () => Reflect.ownKeys(this).every((key) => ['ping', 'climb'].includes(key)) ? undefined : this)
      tell('function arguments', () => arguments[1].can.arguments)
      tell('function caller', () => arguments[1].can.caller)
      return found\`)`,
  })
  expect(await scene.outcome('climb')).toEqual({ value: ['caller null', 'caller of caller refused', 'arguments undefined', 'this undefined', 'function arguments refused', 'function caller refused'] })
  await scene.expectAlive()
})
