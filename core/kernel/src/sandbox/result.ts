import type { Json } from '@opsflux/sdk'
import type { ActiveCall } from './active-call.ts'
import type { Failures } from './failures.ts'
import { parseGuestJson } from './guest-json.ts'
import type { PluginSandboxOptions } from './options.ts'

/** What a handler answered. @throws plugin-failed when it is too large, unreadable, or given before a write of it was done. */
export function readResult<C>(call: ActiveCall<C>, payload: string, failures: Failures, hostCalls: PluginSandboxOptions<C>['hostCalls']): Json {
  const { site } = call.request
  const { messageBytes } = call.limits
  if (Buffer.byteLength(payload) > messageBytes) throw failures.failed(site, `The answer is larger than ${messageBytes} bytes.`)
  for (const name of call.unanswered.values()) {
    if (hostCalls.get(name)?.writes) throw failures.failed(site, `It returned before ${name} was done: await every call.`)
  }
  try {
    return parseGuestJson(payload)
  } catch (error) {
    throw failures.failed(site, `The answer cannot be read: ${error instanceof Error ? error.message : 'not JSON'}.`)
  }
}
