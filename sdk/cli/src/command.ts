import { readFile } from 'node:fs/promises'
import { OpsFluxError, type Json } from '@opsflux/sdk'

export interface Option {
  /** What stands for the value in the help, such as `<file>`. */
  value: string
  help: string
  required?: boolean
}

export type Values = Readonly<Record<string, string | undefined>>

export interface Outcome {
  /** For people. */
  lines: string[]
  /** For `--json`. */
  result: Json
}

export interface Command {
  summary: string
  /** What the one argument without a name stands for. */
  argument?: string
  options: Readonly<Record<string, Option>>
  /** @param argument the argument without a name, empty when the command takes none */
  run(argument: string, values: Values): Promise<Outcome>
}

/** The value of an option that `required` vouches for. */
export function valueOf(values: Values, name: string): string {
  const value = values[name]
  if (value === undefined) throw new OpsFluxError('invalid-request', `The option --${name} is missing. See \`opsflux --help\`.`)
  return value
}

export async function readKey(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `The key file "${path}" cannot be read. Give the file that \`opsflux keygen\` wrote.`, { cause })
  })
}
