import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a module that imports anything does not start', async () => {
  for (const line of ["import 'node:fs'", "import x from './other.js'", "export * from 'node:child_process'"]) {
    await using scene = new Scene('', { prelude: line })
    expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('without imports') })
  }
})

test('a dynamic import fails, whatever it asks for', async () => {
  await using scene = new Scene("bring: async (name) => { try { await import(name); return 'imported' } catch { return 'refused' } }")
  for (const name of ['node:fs', 'fs', './server/index.js', 'server/index.js', 'data:text/javascript,export default 1', 'isolated-vm']) {
    expect(await scene.outcome('bring', name)).toEqual({ value: 'refused' })
  }
  await scene.expectAlive()
})
