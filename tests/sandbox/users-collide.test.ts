import { readFileSync } from 'node:fs'
import { PluginSandbox } from '@opsflux/kernel'
import { expect, onTestFinished, test } from 'vitest'

/** The user a plugin's child runs as; undefined where it has none of its own. */
async function userOf(pluginId: string): Promise<number | undefined> {
  let pid = 0
  let applied: readonly string[] = []
  const sandbox = new PluginSandbox({
    pluginId, version: '1.0.0', source: 'export default {}', entities: [], hostCalls: new Map(),
    onEvent: (event) => {
      if (event.type === 'started') ({ pid } = event)
      if (event.type === 'hardening') ({ applied } = event)
    },
  })
  onTestFinished(() => sandbox.stop())
  await sandbox.check()
  if (!applied.includes('user of its own')) return undefined
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

test.runIf(process.platform === 'linux')('two modules whose names lead to the same user number run as two users, each always as the same', async ({ skip }) => {
  // Both names want 64074.
  const first = await userOf('acme-module-15')
  if (first === undefined) skip('this system gives children no user of their own')
  const second = await userOf('acme-module-51')
  expect(second).not.toBe(first)
  expect([await userOf('acme-module-15'), await userOf('acme-module-51')]).toEqual([first, second])
})
