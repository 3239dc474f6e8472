import type { Json } from '@opsflux/sdk'
import { parseGuestJson } from './guest-json.ts'

/** What a module's default export holds: hook events by entity, routes and jobs. */
export interface SandboxHandlers { hooks: Record<string, string[]>; routes: string[]; jobs: string[] }

/** Reads what the child says about its module; undefined when it cannot be read. */
export function readHandlers(text: string): SandboxHandlers | undefined {
  try {
    const { hooks, routes, jobs } = object(parseGuestJson(text))
    return { hooks: Object.fromEntries(Object.entries(object(hooks)).map(([entity, events]) => [entity, names(events)])), routes: names(routes), jobs: names(jobs ?? []) }
  } catch {
    return undefined
  }
}

function object(value: Json | undefined): Record<string, Json> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('not an object')
  return value
}

function names(value: Json | undefined): string[] {
  if (!Array.isArray(value)) throw new SyntaxError('not a list')
  return value.map((name) => {
    if (typeof name !== 'string') throw new SyntaxError('not a name')
    return name
  })
}
