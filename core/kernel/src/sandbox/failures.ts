import type { Json } from '@opsflux/sdk'
import { OpsFluxError } from '@opsflux/sdk'
import type { DeathReason } from './events.ts'
import { parseGuestJson } from './guest-json.ts'
import type { SandboxLimits } from './limits.ts'

/** What callers of one plugin are told. Stacks and the child's own words on its end stay in the events. */
export interface Failures {
  stopped(): OpsFluxError
  busy(): OpsFluxError
  tooLarge(site: string): OpsFluxError
  timeout(site: string): OpsFluxError
  died(site: string, reason: DeathReason): OpsFluxError
  start(reason: DeathReason, detail: string): OpsFluxError
  failed(site: string, message: string): OpsFluxError
  /** From the payload of a `failed` frame; `failures` are the errors host calls of this call threw, by number. */
  fromGuest(site: string, payload: string, failures: ReadonlyMap<number, unknown>): unknown
}

export function failuresOf(pluginId: string, limits: () => SandboxLimits): Failures {
  const place = (site: string): string => `${site.replace(/^(?:hook|route|job):/, '')} of ${pluginId}`
  const data = (site: string): Record<string, Json> => ({ plugin: pluginId, site })
  const failed = (site: string, message: string): OpsFluxError => new OpsFluxError('plugin-failed', `${place(site)} failed: ${message}`, { data: data(site) })
  return {
    stopped: () => new OpsFluxError('plugin-stopped', `${pluginId} is stopped. An administrator can start it again or roll it back in Modules.`, { data: { plugin: pluginId } }),
    busy: () => new OpsFluxError('plugin-failed', `${pluginId} has too many calls waiting. Try again in a moment.`, { data: { plugin: pluginId } }),
    tooLarge: (site) => new OpsFluxError('payload-too-large', `The input for ${place(site)} is larger than ${limits().messageBytes} bytes.`, { data: data(site) }),
    timeout: (site) => new OpsFluxError('plugin-timeout', `${place(site)} took too long and was ended. Try again, or tell the module's publisher.`, { data: data(site) }),
    died: (site, reason) => failed(site, deathWords[reason]),
    start: (reason, detail) =>
      reason === 'timeout'
        ? new OpsFluxError('plugin-timeout', `${pluginId} did not start within ${limits().startMs} ms.`, { data: { plugin: pluginId } })
        : new OpsFluxError('plugin-failed', `${pluginId} could not be started: ${reason === 'start' ? detail : deathWords[reason]}`, { data: { plugin: pluginId } }),
    failed,
    fromGuest: (site, payload, failures) => {
      const { code, message, field, hostCall } = readFailure(payload)
      if (failures.has(hostCall)) return failures.get(hostCall)
      if (code !== 'refused-by-module') return failed(site, message)
      const onField: Record<string, Json> = field === undefined ? {} : { field, errors: [{ path: `/${field}`, code, message }] }
      return new OpsFluxError('refused-by-module', message, { data: { plugin: pluginId, ...onField } })
    },
  }
}

const deathWords: Record<DeathReason, string> = {
  timeout: 'another call of the module took too long and ended it.',
  memory: 'the module used more memory than it may and was ended.',
  cpu: 'the module used more processor time than it may and was ended.',
  crash: 'the module crashed.',
  protocol: 'the module broke a limit and was ended.',
  start: 'the module could not be started.',
}

function readFailure(payload: string): { code: string; message: string; field: string | undefined; hostCall: number } {
  const unreadable = { code: 'plugin-failed', message: 'Its error cannot be read.', field: undefined, hostCall: 0 }
  try {
    const value = parseGuestJson(payload)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return unreadable
    const { code, message, field, hostCall } = value
    return {
      code: code === 'refused-by-module' ? code : 'plugin-failed',
      message: typeof message === 'string' ? message.slice(0, 500) : unreadable.message,
      field: typeof field === 'string' ? field.slice(0, 100) : undefined,
      hostCall: typeof hostCall === 'number' ? hostCall : 0,
    }
  } catch {
    return unreadable
  }
}
