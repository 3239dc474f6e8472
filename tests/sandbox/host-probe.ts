// Run by measured-promises.test.ts in a process of its own, with --expose-gc: what one kind of misbehaviour does to a host that does nothing else.
import { PluginSandbox } from '@opsflux/kernel'
import type { CallInfo, HostCall } from '@opsflux/kernel'
import type { Json } from '@opsflux/sdk'
import { watchLoop } from './loop-lag.ts'
import type { Lag } from './loop-lag.ts'

export interface Figures extends Lag {
  /** Most that was in use at any look, against before: heap and buffers, garbage collected; MB. */
  grownMb: number
  /** Longest call of the misbehaving module until it was answered, ms. */
  longestMs: number
  /** From the end of the misbehaviour until the module answers again, ms. */
  againMs: number
  neighbourAnswers: number
  /** The longest of them, ms. */
  neighbourMs: number
  outcomes: string[]
}

// New each time, as rows are.
const rows = (): string[] => Array.from({ length: 900 }, (_, row) => `${row}`.padEnd(1000, 'x'))
const hostCalls = new Map<string, HostCall<undefined>>([
  ['db.count', { schema: {}, handle: async () => 1 }],
  ['db.find', { schema: {}, handle: async () => rows() }],
  ['db.aggregate', { schema: {}, handle: () => new Promise<Json>((resolve) => { setTimeout(() => resolve(null), 100) }) }],
])
const info: CallInfo = { user: { id: 'user-1', locale: 'en' }, tenant: { id: 'tenant-1' }, now: '2026-01-02T03:04:05Z', granted: [] }
const mostCalls = 40

const [name = '', body = '', atOnce = '1'] = process.argv.slice(2)
const gc = globalThis.gc
if (!gc) throw new Error('needs --expose-gc')
const used = (): number => {
  // What the first finds is counted as gone after the second.
  void gc()
  void gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}

const source = `export default { routes: { ping: () => 'pong', attack: ${body} } }`
const options = { version: '1.0.0', entities: ['incident'], hostCalls }
const attacker = new PluginSandbox<undefined>({ ...options, pluginId: 'acme-attacker', source })
const neighbour = new PluginSandbox<undefined>({ ...options, pluginId: 'acme-neighbour', source: "export default { routes: { ping: () => 'pong' } }" })
const ping = (sandbox: PluginSandbox<undefined>): Promise<Json> => sandbox.call('route:ping', null, info, undefined)

await Promise.all([attacker, neighbour].map(async (sandbox) => { for (let call = 0; call < 200; call++) await ping(sandbox) }))
const figures: Figures = { lagMs: 0, busyMs: 0, grownMb: 0, longestMs: 0, againMs: 0, neighbourAnswers: 0, neighbourMs: 0, outcomes: [] }
const before = Math.min(used(), used())
const stopWatching = watchLoop()
let over = false
const looks = setInterval(() => { figures.grownMb = Math.max(figures.grownMb, used() - before) }, 250)
const watching = watchNeighbour()
const until = performance.now() + 3000
for (let calls = 0; performance.now() < until && calls < mostCalls && attacker.state !== 'stopped'; calls += Number(atOnce)) await Promise.all(Array.from({ length: Number(atOnce) }, attack))
const ended = performance.now()
if (attacker.state === 'stopped') attacker.restart()
await ping(attacker).catch(() => ping(attacker))
figures.againMs = performance.now() - ended
over = true
await watching
clearInterval(looks)
Object.assign(figures, stopWatching())
figures.grownMb = Math.max(figures.grownMb, used() - before)
await Promise.all([attacker.stop(), neighbour.stop()])
process.stdout.write(`${JSON.stringify({ name, ...figures, outcomes: [...new Set(figures.outcomes)] })}\n`)

async function attack(): Promise<void> {
  const begun = performance.now()
  const outcome = await attacker.call('route:attack', null, info, undefined).then(() => 'answered', (error: { code: string }) => error.code)
  figures.longestMs = Math.max(figures.longestMs, performance.now() - begun)
  figures.outcomes.push(outcome)
}

async function watchNeighbour(): Promise<void> {
  while (!over) {
    const begun = performance.now()
    if ((await ping(neighbour)) !== 'pong') throw new Error('the neighbour did not answer')
    figures.neighbourMs = Math.max(figures.neighbourMs, performance.now() - begun)
    figures.neighbourAnswers += 1
    await new Promise((resolve) => { setTimeout(resolve, 2) })
  }
}
