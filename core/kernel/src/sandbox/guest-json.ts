import type { Json } from '@opsflux/sdk'

const maxDepth = 64
// A mebibyte of empty lists takes 300 ms to read; so many of them, or of keys, a tenth of that.
const maxContainers = 50_000
const maxKeys = 200_000
const shortText = 8192

/**
 * Reads JSON text that came out of a sandbox. The host's own code merges, validates and prints what it gets, so what would
 * trip it is refused here: more than 64 levels (recursion), keys named `__proto__` (Object.assign would call the setter),
 * numbers like 1e400, which are read as Infinity (JSON.rawJSON writes them), and more parts than can be read in little time.
 * @throws SyntaxError
 */
export function parseGuestJson(text: string): Json {
  if (text.length > shortText) countParts(text)
  const value: Json = JSON.parse(text)
  inspect(value, 0)
  return value
}

/** Judges a text by its brackets and colons alone, before anything is made of it. */
function countParts(text: string): void {
  let depth = 0
  let containers = 0
  let keys = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x5b || code === 0x7b) {
      containers += 1
      if (++depth > maxDepth) throw tooDeep()
    } else if (code === 0x5d || code === 0x7d) depth -= 1
    else if (code === 0x3a) keys += 1
  }
  if (containers > maxContainers || keys > maxKeys) throw new SyntaxError(`it has more than ${maxContainers} lists and objects or ${maxKeys} keys`)
}

/** Index of the closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = end
    while (text.charCodeAt(escapes - 1) === 0x5c) escapes -= 1
    if ((end - escapes) % 2 === 0) return end
  }
  return text.length
}

function inspect(value: Json, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SyntaxError('it has a number out of range')
  if (typeof value !== 'object' || value === null) return
  if (depth >= maxDepth) throw tooDeep()
  if (Array.isArray(value)) {
    for (const item of value) inspect(item, depth + 1)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new SyntaxError('it has a key named __proto__')
    inspect(value[key] ?? null, depth + 1)
  }
}

function tooDeep(): SyntaxError {
  return new SyntaxError(`it nests deeper than ${maxDepth} levels`)
}
