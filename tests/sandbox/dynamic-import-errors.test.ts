import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// The way out of many a sandbox: the error of a failed import is made by the embedder, and its constructor leads to it.
const ways: Record<string, string> = {
  'written down': "import('node:fs')",
  'with attributes': "import('node:fs', { with: { type: 'json' } })",
  'evaluated': "(0, eval)(\"import('fs')\")",
  'in a new function': "new Function(\"return import('fs')\")()",
  'in an async function made of text': "(async () => {}).constructor(\"return import('fs')\")()",
  'with a name that throws': "import({ toString() { throw new TypeError('mine') } })",
}
for (const [name, way] of Object.entries(ways)) {
  test(`the error of an import ${name} is one of the module's own realm`, async () => {
    await using scene = new Scene(`bring: async () => {
      try { await ${way}; return 'imported' } catch (error) {
        return [error instanceof Error, error.constructor === Error || error.constructor === TypeError, error.constructor.constructor('return typeof process + typeof require')(), Object.getPrototypeOf(Object.getPrototypeOf(error.constructor)) === Function.prototype || Object.getPrototypeOf(error.constructor) === Function.prototype]
      }
    }`)
    expect(await scene.outcome('bring')).toEqual({ value: [true, true, 'undefinedundefined', true] })
    await scene.expectAlive()
  })
}
