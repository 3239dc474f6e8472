import type { Json } from '@opsflux/sdk'

const maxDepth = 64

/**
 * Reads JSON text that came out of a sandbox. The host's own code merges, validates and prints what it gets, so what would
 * trip it is refused here: more than 64 levels (recursion), and keys named `__proto__` (Object.assign would call the setter).
 * @throws SyntaxError
 */
export function parseGuestJson(text: string): Json {
  const value: Json = JSON.parse(text)
  inspect(value, 0)
  return value
}

function inspect(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth >= maxDepth) throw new SyntaxError(`it nests deeper than ${maxDepth} levels`)
  if (Array.isArray(value)) {
    for (const item of value) inspect(item, depth + 1)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new SyntaxError('it has a key named __proto__')
    inspect(value[key] ?? null, depth + 1)
  }
}
