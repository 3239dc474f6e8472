import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OpsFluxError, type Json } from '@opsflux/sdk'

export interface Option {
  /** What stands for the value in the help, such as `<file>`; without it the option takes none. */
  value?: string
  help: string
  required?: boolean
  /** It may be given several times. */
  multiple?: boolean
}

export type Values = Readonly<Record<string, string | undefined>>

/** What a command line says besides the first value of each option. */
export interface Given {
  arguments: readonly string[]
  /** Every value of each option, in order. */
  all(option: string): readonly string[]
  /** True when an option that takes no value was given. */
  has(option: string): boolean
}

export interface Outcome {
  /** For people. */
  lines: string[]
  /** For `--json`. */
  result: Json
}

export interface Command {
  summary: string
  /** What the arguments without a name stand for, such as `<id> <version>`; `<file…>` takes one or more. */
  argument?: string
  options: Readonly<Record<string, Option>>
  /** @param argument the first argument without a name, empty when the command takes none */
  run(argument: string, values: Values, given: Given): Promise<Outcome>
}

/** Commands that share a first word. */
export interface CommandGroup {
  summary: string
  /** Loads them: what only they need costs the others nothing. */
  load(): Promise<Commands>
}

export type Commands = Readonly<Record<string, Command | CommandGroup>>

/** The value of an option that `required` vouches for. */
export function valueOf(values: Values, name: string): string {
  const value = values[name]
  if (value === undefined) throw new OpsFluxError('invalid-request', `The option --${name} is missing. See \`opsflux --help\`.`)
  return value
}

/** The text of a key file; one that a passphrase protects is opened with it. @throws invalid-request */
export async function readKey(path: string, passphraseFile?: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `The key file "${path}" cannot be read. Give the file that \`opsflux keygen\` or \`opsflux registry key\` wrote.`, { cause })
  })
  if (!text.includes('BEGIN ENCRYPTED PRIVATE KEY')) return text
  const passphrase = await readPassphrase(passphraseFile)
  if (passphrase === undefined) throw new OpsFluxError('invalid-request', `The key file "${path}" is protected by a passphrase. Give the file that holds it with --passphrase-file, or set ${passphraseVariable}.`)
  try {
    return createPrivateKey({ key: text, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch (cause) {
    throw new OpsFluxError('invalid-request', `The passphrase does not open the key file "${path}". Check which key the passphrase is for.`, { cause })
  }
}

export const passphraseOption: Option = { value: '<file>', help: 'holds the passphrase of the key, in its first line (or set OPSFLUX_PASSPHRASE)' }
const passphraseVariable = 'OPSFLUX_PASSPHRASE'

/** Never an argument: every user of a machine can read those. Undefined when none was given. @throws invalid-request */
export async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return process.env[passphraseVariable] || undefined
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `The passphrase file "${file}" cannot be read.`, { cause })
  })
  const [line = ''] = text.split(/\r?\n/)
  if (line === '') throw new OpsFluxError('invalid-request', `The passphrase file "${file}" is empty. Its first line is the passphrase.`)
  return line
}
