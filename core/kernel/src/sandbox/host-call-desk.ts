import type { Json } from '@opsflux/sdk'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import type { ActiveCall } from './active-call.ts'
import { authorise, readArguments } from './host-calls.ts'
import type { HostCalls } from './host-calls.ts'
import type { SandboxLimits } from './limits.ts'
import { frameKind } from './wire.ts'

export type LogLine = { level: 'info' | 'warn'; message: string }

interface DeskOptions<C> {
  table: HostCalls<C>
  limits: SandboxLimits
  /** Where log lines go that the table has no `log.write` for, or that it failed to write. */
  log(call: ActiveCall<C>, line: LogLine): void
}

/** Serves the host calls of one sandbox: counts, authorises, validates, runs them in turn, answers. */
export class HostCallDesk<C> {
  #options: DeskOptions<C>

  constructor(options: DeskOptions<C>) {
    this.#options = options
  }

  /** Takes `name\narguments`. Answers what is wrong with a child that sends what our runtime never would; such a child is to be killed. */
  receive(call: ActiveCall<C>, id: number, payload: string, answer: (kind: number, text: string) => void): string | undefined {
    const { table, limits } = this.#options
    const cut = payload.indexOf('\n')
    const name = payload.slice(0, Math.max(cut, 0))
    const text = payload.slice(cut + 1)
    call.bytes += payload.length
    if (call.bytes > limits.callBytes) return `it sent more than ${limits.callBytes} bytes in one call`
    if (id === 0) return this.#logLine(call, name, text)
    call.hostCalls += 1
    if (call.hostCalls > limits.hostCallsPerCall) return `it made more than ${limits.hostCallsPerCall} host calls in one call`
    if (call.unanswered.has(id)) return 'it used the number of a host call twice'
    call.unanswered.set(id, name)
    call.inTurn(async () => {
      const [kind, answerText] = await this.#run(call, id, name, text, table)
      call.unanswered.delete(id)
      if (!call.ended) answer(kind, answerText)
    })
    return undefined
  }

  async #run(call: ActiveCall<C>, id: number, name: string, text: string, table: HostCalls<C>): Promise<[number, string]> {
    const { messageBytes } = this.#options.limits
    try {
      const hostCall = authorise(table, name, call.request.info.granted)
      if (Buffer.byteLength(text) > messageBytes) throw new OpsFluxError('payload-too-large', `The arguments of ${name} are larger than ${messageBytes} bytes.`)
      const args = readArguments(hostCall, name, text)
      if (hostCall.writes) call.wrote = true
      const answerText = JSON.stringify((await hostCall.handle(args, call.request.context)) ?? null)
      if (Buffer.byteLength(answerText) > messageBytes) throw new OpsFluxError('payload-too-large', `The answer of ${name} is larger than ${messageBytes} bytes: ask for less at a time.`)
      return [frameKind.answer, answerText]
    } catch (error) {
      call.failures.set(id, error)
      return [frameKind.failure, JSON.stringify(describe(error))]
    }
  }

  #logLine(call: ActiveCall<C>, name: string, text: string): string | undefined {
    const { table, limits, log } = this.#options
    call.logLines += 1
    // One more than allowed: the runtime's own line that says the rest was left out.
    if (call.logLines > limits.logLinesPerCall + 1) return `it wrote more than ${limits.logLinesPerCall} log lines in one call`
    if (name !== 'log.write') return 'it made a host call without a number'
    const line = readLogLine(text)
    if (!line) return 'it wrote a log line that cannot be read'
    const hostCall = table.get(name)
    if (!hostCall) log(call, line)
    else hostCall.handle({ ...line }, call.request.context).catch(() => log(call, line))
    return undefined
  }
}

/** Code and message only: the plugin learns nothing of the host's errors of other kinds. */
function describe(error: unknown): { code: string; message: string } {
  if (isOpsFluxError(error)) return { code: error.code, message: error.message }
  return { code: 'internal', message: 'Something went wrong on the server.' }
}

function readLogLine(text: string): LogLine | undefined {
  try {
    const line: Json = JSON.parse(text)
    if (typeof line !== 'object' || line === null || Array.isArray(line) || typeof line['message'] !== 'string') return undefined
    return { level: line['level'] === 'warn' ? 'warn' : 'info', message: line['message'].slice(0, 2000) }
  } catch {
    return undefined
  }
}
