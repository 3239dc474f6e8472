import type { FieldError } from '@opsflux/sdk'
import { refusal, type RefusalReason } from './refusal.ts'

/** The one way the JSON files of a package are written: two spaces, one line feed at the end. */
export function writeJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`)
}

/**
 * Reads a JSON file of a package. It must be written as {@link writeJson} writes it,
 * so that no key stands twice and no two readers can see two different contents.
 */
export function readJson(bytes: Buffer, name: string, reason: RefusalReason): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw refusal(reason, `The file ${name} is not JSON.`, name, cause)
  }
  if (!writeJson(value).equals(bytes)) throw refusal(reason, `The file ${name} is not written in the canonical form, or has a key twice.`, name)
  return value
}

/** Refuses a file for its problems, naming the first three. */
export function refuseProblems(problems: readonly FieldError[], name: string, reason: RefusalReason): void {
  if (problems.length === 0) return
  const named = problems.slice(0, 3).map(({ path, message }) => `${path || 'the whole'} ${message}`).join('; ')
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : ''
  throw refusal(reason, `The file ${name} is not valid: ${named}${more}.`, name)
}
