import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PluginSandbox } from '@opsflux/kernel'
import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedBytes(): number {
  collect()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const children = (): number => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid).length

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

test('a hundred plugins nobody calls cost less than 1 MB each, beside their source, and no process', () => {
  const before = usedBytes()
  const processes = process.platform === 'linux' ? children() : 0
  const hostCalls = new Map([['db.count', echoHostCall]])
  const sandboxes = Array.from({ length: 100 }, (_, index) => new PluginSandbox({
    pluginId: `acme-idle-${index}`, version: '1.0.0', source: `// ${index}\n${'/* a page of text */'.repeat(5000)}\nexport default {}`, entities: ['incident'], hostCalls,
  }))
  const bytesEach = (usedBytes() - before) / sandboxes.length
  expect(bytesEach).toBeLessThan(1_000_000)
  // Its source once, of 100 kB, and next to nothing beside it.
  expect(bytesEach).toBeLessThan(150_000)
  if (process.platform === 'linux') expect(children()).toBe(processes)
  expect(sandboxes.every((sandbox) => sandbox.state === 'idle')).toBe(true)
})

test.runIf(process.platform === 'linux')('a child that waits for calls gives back what they left: it owns less than 20 MB', async () => {
  await using scene = new Scene('work: (n) => ({ n, text: "x".repeat(1000) })')
  for (let call = 0; call < 2000; call++) await scene.sandbox.call('route:work', call, { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] }, { name: 'tester' })
  const [started] = scene.events.filter((event) => event.type === 'started')
  const ownMb = (): number => {
    const text = readFileSync(`/proc/${started?.pid}/smaps_rollup`, 'utf8')
    return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, [, kb]) => sum + Number(kb), 0) / 1024
  }
  await expect.poll(ownMb, { timeout: 10_000, interval: 200 }).toBeLessThan(20)
})
