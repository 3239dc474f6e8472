import type { CapabilityName } from '@opsflux/sdk'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import type { ActiveCall } from './active-call.ts'
import { isShareUsed, nextShare } from './event-loop-share.ts'
import { HostCallPlaces } from './host-call-places.ts'
import { findHostCall, readArguments } from './host-calls.ts'
import type { HostCall, HostCalls } from './host-calls.ts'
import { writeLogLine } from './log-lines.ts'
import type { LogLine } from './log-lines.ts'
import type { CapabilityCheck } from './options.ts'
import { frameKind } from './wire.ts'

interface DeskOptions<C> {
  table: HostCalls<C>
  authorise(check: CapabilityCheck<C>): boolean | Promise<boolean>
  refused(call: ActiveCall<C>, capability: CapabilityName, hostCall: string): void
  /** Where log lines go that the table has no `log.write` for, or that it failed to write. */
  log(call: ActiveCall<C>, line: LogLine): void
}

/** How answers go back to the child. */
export interface AnswerWay {
  send(kind: number, hostCall: number, text: string): void
  /** Waited for before each host call: a child that does not read gets no more to read. */
  ready(): Promise<void> | undefined
  /** Whether what the child says is left unread for now: it holds back what does not fit into its pipe. */
  hold(isHeld: boolean): void
}

/** Serves the host calls of one sandbox: counts, authorises, validates, runs them in turn, answers. */
export class HostCallDesk<C> {
  #options: DeskOptions<C>
  /** Bytes of host calls that run or wait for their turn, of all calls together: they are in the host's memory. */
  #heldBytes = 0
  #places = new HostCallPlaces()

  constructor(options: DeskOptions<C>) {
    this.#options = options
  }

  /**
   * Takes `name\narguments`. Answers what is wrong with a child that sends what our runtime never would; such a child is to be
   * killed. Of a call that has ended, host calls are counted and refused.
   */
  receive(call: ActiveCall<C>, id: number, payload: string, way: AnswerWay): string | undefined {
    const { table, log } = this.#options
    const { callBytes, hostCallsPerCall, waitingBytes } = call.limits
    const cut = payload.indexOf('\n')
    const name = payload.slice(0, Math.max(cut, 0))
    const text = payload.slice(cut + 1)
    const bytes = Buffer.byteLength(payload)
    call.bytes += bytes
    if (call.bytes > callBytes) return `it sent more than ${callBytes} bytes in one call`
    if (id === 0) return writeLogLine(call, name, text, table, (line) => log(call, line))
    call.hostCalls += 1
    if (call.hostCalls > hostCallsPerCall) return `it made more than ${hostCallsPerCall} host calls in one call`
    if (call.unanswered.has(id)) return 'it used the number of a host call twice'
    if (this.#heldBytes + bytes > waitingBytes && call.unanswered.size > 0) {
      const [kind, answer] = failure(call, id, new OpsFluxError('payload-too-large', 'Too much waits to be done: await some host calls before the next.'))
      way.send(kind, id, answer)
      return undefined
    }
    call.unanswered.set(id, name)
    this.#heldBytes += bytes
    if (this.#heldBytes > waitingBytes) way.hold(true)
    let hasPlace = false
    const takePlace = async (): Promise<void> => {
      await this.#places.take(way.ready)
      hasPlace = true
    }
    call.inTurn(takePlace, async () => {
      const [kind, answer] = await this.#run(call, id, name, text)
      call.unanswered.delete(id)
      this.#heldBytes -= bytes
      if (this.#heldBytes <= waitingBytes) way.hold(false)
      way.send(kind, id, answer)
      if (hasPlace) this.#places.free()
    })
    return undefined
  }

  async #run(call: ActiveCall<C>, id: number, name: string, text: string): Promise<[number, string]> {
    const { messageBytes } = call.limits
    try {
      if (isShareUsed()) await nextShare()
      const hostCall = findHostCall(this.#options.table, name)
      await this.#authorise(call, name, hostCall)
      // Whatever was waited for until here, the call may have ended meanwhile, and its transaction with it.
      if (call.ended) throw new OpsFluxError('plugin-failed', `${name} was called after its call had ended.`)
      if (Buffer.byteLength(text) > messageBytes) throw new OpsFluxError('payload-too-large', `The arguments of ${name} are larger than ${messageBytes} bytes.`)
      const args = readArguments(hostCall, name, text)
      if (typeof hostCall.writes === 'function' ? hostCall.writes(args) : hostCall.writes) call.wrote = true
      const answerText = JSON.stringify((await hostCall.handle(args, call.request.context, call)) ?? null)
      if (Buffer.byteLength(answerText) > messageBytes) throw new OpsFluxError('payload-too-large', `The answer of ${name} is larger than ${messageBytes} bytes: ask for less at a time.`)
      return [frameKind.answer, answerText]
    } catch (error) {
      return failure(call, id, error)
    }
  }

  async #authorise(call: ActiveCall<C>, name: string, { capability }: HostCall<C>): Promise<void> {
    if (capability === undefined || call.ended) return
    const { info, context } = call.request
    if ((await this.#options.authorise({ capability, call: info, context })) === true) return
    this.#options.refused(call, capability, name)
    throw new OpsFluxError('capability-denied', `${name} needs the capability ${capability}, which was not granted. An administrator can grant it in Modules.`)
  }
}

/** Code and message only: the plugin learns nothing of the host's errors of other kinds. */
function failure<C>(call: ActiveCall<C>, id: number, error: unknown): [number, string] {
  // V8 keeps the functions of a stack, and so the arguments they hold, until the stack is first read.
  if (error instanceof Error) void error.stack
  call.failures.set(id, error)
  const isKnown = isOpsFluxError(error) && error.code !== 'internal'
  return [frameKind.failure, JSON.stringify(isKnown ? { code: error.code, message: error.message } : { code: 'internal', message: 'Something went wrong on the server.' })]
}
