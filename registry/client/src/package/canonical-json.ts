import type { FieldError } from '@opsflux/sdk'
import { printable, refusal, type RefusalReason } from './refusal.ts'

const deepestNesting = 64
const mostNamed = 200

/** The one way the JSON files of a package are written: two spaces, one line feed at the end. */
export function writeJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`)
}

/**
 * Reads a JSON file of a package. It must be written as {@link writeJson} writes it,
 * so that no key stands twice and no two readers can see two different contents.
 */
export function readJson(bytes: Buffer, name: string, reason: RefusalReason): unknown {
  const value = parseJson(bytes, name, reason)
  if (!writeJson(value).equals(bytes)) throw refusal(reason, `The file ${name} is not written in the canonical form, or has a key twice.`, name)
  return value
}

/** Reads JSON of a stranger: valid UTF-8 without a byte order mark, and nested no deeper than any honest file. */
export function parseJson(bytes: Buffer, name: string, reason: RefusalReason): unknown {
  // Parsing a megabyte of brackets takes hundreds of them, and writing it back more stack than there is.
  if (nestingOf(bytes) > deepestNesting) throw refusal(reason, `The file ${name} is nested more than ${deepestNesting} deep.`, name)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw refusal(reason, `The file ${name} is not JSON.`, name, cause)
  }
}

/** How deep the brackets outside of strings go. */
function nestingOf(bytes: Buffer): number {
  let [depth, deepest, inString] = [0, 0, false]
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === 0x22) inString = !inString
    else if (byte === 0x5c && inString) at += 1
    else if (inString) continue
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, depth += 1)
    else if (byte === 0x5d || byte === 0x7d) depth -= 1
  }
  return deepest
}

/** Refuses a file for its problems, naming the first three; `data.problems` has them all. */
export function refuseProblems(problems: readonly FieldError[], name: string, reason: RefusalReason): void {
  if (problems.length === 0) return
  const named = problems.slice(0, 3).map(({ path, message }) => `${path || 'the whole'} ${message}`).join('; ')
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : ''
  throw refusal(reason, `The file ${name} is not valid: ${named}${more}.`, name, undefined, { problems: problems.slice(0, mostNamed).map(({ path, message }) => ({ path: printable(path), message: printable(message) })) })
}
