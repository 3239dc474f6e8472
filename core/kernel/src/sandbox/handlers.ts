import { parseGuestJson } from './guest-json.ts'

/** What a module's default export holds: hook events by entity, and routes. */
export interface SandboxHandlers { hooks: Record<string, string[]>; routes: string[] }

/** Reads what the child says about its module. @throws SyntaxError */
export function readHandlers(text: string): SandboxHandlers {
  const value = parseGuestJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('not an object')
  const { hooks, routes } = value
  if (typeof hooks !== 'object' || hooks === null || Array.isArray(hooks)) throw new SyntaxError('no hooks')
  return { hooks: Object.fromEntries(Object.entries(hooks).map(([entity, events]) => [entity, names(events)])), routes: names(routes) }
}

function names(value: unknown): string[] {
  if (!Array.isArray(value)) throw new SyntaxError('not a list')
  return value.map((name) => {
    if (typeof name !== 'string') throw new SyntaxError('not a name')
    return name
  })
}
