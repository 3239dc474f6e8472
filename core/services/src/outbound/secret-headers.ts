import type { OpsFluxError } from '@opsflux/sdk'
import { fetchFailed, malformed } from './failures.ts'
import { isHeaderValue } from './read-request.ts'

const template = /\{\{\s*secret\.([^{}]{0,100}?)\s*\}\}/g
const maxSecrets = 10

/** Headers as they are sent, and what in them must not be seen. */
export interface FilledHeaders {
  headers: Map<string, string>
  /** Names of the headers that carry a secret. */
  carrying: ReadonlySet<string>
  values: readonly string[]
}

/**
 * Puts secrets where `{{secret.<name>}}` stands. A value that has the form of a template is not read again.
 * @param reveal the value of a secret that may be sent to where this request goes; throws otherwise
 */
export async function fillSecrets(headers: ReadonlyMap<string, string>, reveal: (name: string) => Promise<string>): Promise<FilledHeaders> {
  const names = new Set([...headers.values()].flatMap((value) => [...value.matchAll(template)].map(([, name = '']) => name)))
  if (names.size > maxSecrets) throw malformed(`a request carries at most ${maxSecrets} secrets.`)
  const secrets = new Map<string, string>()
  for (const name of names) secrets.set(name, sendable(name, await reveal(name)))
  const filled = new Map<string, string>()
  const carrying = new Set<string>()
  for (const [header, value] of headers) {
    const text = value.replaceAll(template, (whole, name: string) => secrets.get(name) ?? whole)
    filled.set(header, text)
    if (text !== value) carrying.add(header)
  }
  return { headers: filled, carrying, values: [...secrets.values()] }
}

function sendable(name: string, value: string): string {
  if (isHeaderValue(value)) return value
  throw fetchFailed(`The secret "${name}" holds a character that no header can carry. An administrator can set it again in Modules.`)
}

export const undeclared = (name: string): OpsFluxError => malformed(`the secret "${name}" is not declared in plugin.ts.`)
