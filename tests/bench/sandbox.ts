import { readFile } from 'node:fs/promises'
import { PluginSandbox } from '@opsflux/kernel'
import type { CallInfo } from '@opsflux/kernel'

export interface SandboxFigures {
  /** One call at a time, input and answer of a few hundred bytes; ms. */
  callP50Ms: number
  callP95Ms: number
  /** From spawn to the module evaluated, median; ms. */
  startMs: number
  /** Private memory of a child that has answered its calls and waits; MB. Linux only. */
  idleOwnMb: number
  /** Its share of what it holds together with others; MB. */
  idleShareMb: number
}

const starts = 9
const warmUps = 2000
const calls = 10_000
const settleMs = 3000

const source = "export default { routes: { echo: (input, context) => ({ ...input, user: context.user.id }) } }"
const info: CallInfo = { user: { id: '018f4e2c-0000-7000-8000-000000000001', locale: 'en' }, tenant: { id: '018f4e2c-0000-7000-8000-000000000002' }, now: '2026-03-01T08:30:00Z', granted: [] }
const input = { type: 'nearMiss', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'A hose burst during the pressure test of the line.' }

/** What a sandbox costs by itself: no database, no HTTP. */
export async function measureSandbox(): Promise<SandboxFigures> {
  const startTimes: number[] = []
  for (let start = 0; start < starts; start++) {
    const { sandbox, startMs } = await begin()
    startTimes.push(startMs)
    await sandbox.stop()
  }
  const { sandbox, pid } = await begin()
  try {
    for (let call = 0; call < warmUps; call++) await sandbox.call('route:echo', input, info, undefined)
    const times: number[] = []
    for (let call = 0; call < calls; call++) {
      const begun = performance.now()
      await sandbox.call('route:echo', input, info, undefined)
      times.push(performance.now() - begun)
    }
    // A child that waits collects its garbage once.
    await new Promise((resolve) => { setTimeout(resolve, settleMs) })
    return { callP50Ms: quantile(times, 0.5), callP95Ms: quantile(times, 0.95), startMs: quantile(startTimes, 0.5), ...(await memoryOf(pid)) }
  } finally {
    await sandbox.stop()
  }
}

async function begin(): Promise<{ sandbox: PluginSandbox<undefined>; pid: number; startMs: number }> {
  const started = { pid: 0, startMs: 0 }
  const sandbox = new PluginSandbox<undefined>({
    pluginId: 'hse-bench', version: '1.0.0', source, entities: [], hostCalls: new Map(),
    onEvent: (event) => { if (event.type === 'started') Object.assign(started, event) },
  })
  await sandbox.check()
  return { sandbox, ...started }
}

async function memoryOf(pid: number): Promise<{ idleOwnMb: number; idleShareMb: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { idleOwnMb: round(mb('Private_Clean') + mb('Private_Dirty')), idleShareMb: round(mb('Pss')) }
}

function quantile(values: number[], part: number): number {
  return round(values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? 0)
}

const round = (value: number): number => Math.round(value * 1000) / 1000
