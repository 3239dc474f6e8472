import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

test('code outside of the isolate finds no environment, no arguments and no folder of the host', async () => {
  process.env['OPSFLUX_TEST_SECRET'] = 'a secret of the host'
  try {
    await using neighbour = new Scene('')
    const told = await tellFromOutside('return [process.env, process.argv.slice(1), process.cwd(), process.title, require("node:os").networkInterfaces()]')
    const [env, argv, folder] = JSON.parse(told) as [object, string[], string]
    expect([env, argv, folder]).toEqual([{}, [], '/'])
    expect(told).not.toMatch(/secret|OPSFLUX|DATABASE|@/)
    await neighbour.expectAliveAlone()
  } finally {
    delete process.env['OPSFLUX_TEST_SECRET']
  }
})
