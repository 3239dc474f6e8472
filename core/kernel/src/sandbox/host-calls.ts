import type { CapabilityName, Json } from '@opsflux/sdk'
import { OpsFluxError } from '@opsflux/sdk'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { parseGuestJson } from './guest-json.ts'

/** One thing a plugin may ask of the host. `C` is what the caller of the plugin gave for this call: its transaction, its user. */
export interface HostCall<C> {
  /** Must be granted to the plugin. */
  capability?: CapabilityName
  /** JSON schema (2020-12) of the arguments object. */
  schema: object
  /** True when it changes anything, or with these arguments does: a call that made one is not run a second time after a crash. */
  writes?: boolean | ((args: Json) => boolean)
  /** An OpsFluxError reaches the plugin with its code and message; any other error as `internal`, without its message. */
  handle(args: Json, context: C, call: HostCallCaller): Promise<Json | undefined>
}

/** The call a host call is made in. */
export interface HostCallCaller {
  /** Aborted when it has ended, by itself or by force: nobody waits for the answer, and its caller waits for this to end. */
  readonly signal: AbortSignal
}

/** By name: `db.find`, `users.names`, `log.write` … */
export type HostCalls<C> = ReadonlyMap<string, HostCall<C>>

const validators = new WeakMap<object, ValidateFunction>()
let ajv: Ajv2020 | undefined

/** Compiled at first use: 3 ms a schema. */
function validatorOf(schema: object): ValidateFunction {
  const known = validators.get(schema)
  if (known) return known
  if (!ajv) {
    ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
  }
  const validate = ajv.compile(schema)
  validators.set(schema, validate)
  return validate
}

/** @throws plugin-failed when the table has no such host call */
export function findHostCall<C>(table: HostCalls<C>, name: string): HostCall<C> {
  const hostCall = table.get(name)
  if (!hostCall) throw new OpsFluxError('plugin-failed', `There is no host call named ${JSON.stringify(name.slice(0, 100))}.`)
  return hostCall
}

export function readArguments<C>(hostCall: HostCall<C>, name: string, text: string): Json {
  let args: Json
  try {
    args = parseGuestJson(text)
  } catch (error) {
    throw new OpsFluxError('plugin-failed', `The arguments of ${name} cannot be read: ${error instanceof Error ? error.message : 'not JSON'}.`)
  }
  const validate = validatorOf(hostCall.schema)
  if (!validate(args)) {
    const [first] = validate.errors ?? []
    throw new OpsFluxError('plugin-failed', `The arguments of ${name} are not accepted: ${first?.instancePath ?? ''} ${first?.message ?? ''}.`)
  }
  return args
}
