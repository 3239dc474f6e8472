import type { FieldError } from '@opsflux/sdk'

export type Report = (path: string, message: string) => void
/** Judges a value read from JSON; `path` is its JSON Pointer. Unknown keys are always wrong. */
export type Shape = (value: unknown, path: string, report: Report) => void

export function problemsOf(value: unknown, shape: Shape): FieldError[] {
  const problems: FieldError[] = []
  shape(value, '', (path, message) => problems.push({ path, code: 'invalid', message }))
  return problems
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A string without control characters. `form` says in words what `pattern` asks for. */
export function text(options: { min?: number; max?: number; pattern?: RegExp; form?: string } = {}): Shape {
  const { min = 1, max = 200, pattern, form = 'has a form that is not allowed' } = options
  return (value, path, report) => {
    if (typeof value !== 'string') return report(path, 'must be a string')
    if (value.length < min || value.length > max) return report(path, `must have ${min} to ${max} characters`)
    if (/[\p{Cc}\p{Cs}]/u.test(value)) return report(path, 'has a control character')
    if (pattern && !pattern.test(value)) report(path, form)
  }
}

export function wholeNumber(min: number, max: number): Shape {
  return (value, path, report) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) report(path, `must be a whole number from ${min} to ${max}`)
  }
}

export const trueOrFalse: Shape = (value, path, report) => {
  if (typeof value !== 'boolean') report(path, 'must be true or false')
}

export const anything: Shape = () => {}

export function oneOf(values: readonly unknown[]): Shape {
  return (value, path, report) => {
    if (!values.includes(value)) report(path, `must be one of ${values.map((known) => JSON.stringify(known)).join(', ')}`)
  }
}

/** An array whose items are told apart by `key`, by default the whole item. */
export function list(item: Shape, options: { min?: number; max?: number; key?: (value: unknown) => unknown } = {}): Shape {
  const { min = 0, max = 1_000, key = (value) => JSON.stringify(value) } = options
  return (value, path, report) => {
    if (!Array.isArray(value)) return report(path, 'must be a list')
    if (value.length < min || value.length > max) return report(path, `must have ${min} to ${max} items`)
    const seen = new Set<unknown>()
    value.forEach((one: unknown, at) => {
      item(one, `${path}/${at}`, report)
      if (seen.has(key(one))) report(`${path}/${at}`, 'is there twice')
      seen.add(key(one))
    })
  }
}

/** An object used as a table from names to values. */
export function table(name: RegExp, item: Shape, options: { min?: number; max?: number; form?: string } = {}): Shape {
  const { min = 0, max = 200, form = 'has a name that is not allowed' } = options
  return (value, path, report) => {
    if (!isObject(value)) return report(path, 'must be an object')
    const entries = Object.entries(value)
    if (entries.length < min || entries.length > max) return report(path, `must have ${min} to ${max} entries`)
    for (const [key, one] of entries) {
      if (!name.test(key)) report(pointer(path, key), form)
      item(one, pointer(path, key), report)
    }
  }
}

/** An object with exactly these keys. */
export function record(required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape {
  return (value, path, report) => {
    if (!isObject(value)) return report(path, 'must be an object')
    for (const key of Object.keys(required)) if (!Object.hasOwn(value, key)) report(pointer(path, key), 'is missing')
    for (const [key, one] of Object.entries(value)) {
      const shape = Object.hasOwn(required, key) ? required[key] : Object.hasOwn(optional, key) ? optional[key] : undefined
      if (shape) shape(one, pointer(path, key), report)
      else report(pointer(path, key), 'is not known here')
    }
  }
}

export function pointer(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
