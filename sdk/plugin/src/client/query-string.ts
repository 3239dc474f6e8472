/**
 * `{ where: { severity: { in: ['I'] } } }` → `?where[severity][in]=I`. Arrays are comma-joined, commas in values escaped by `\`.
 * What is undefined is left out; null, but for a whole test, is an empty text.
 */
export function queryString(query: object): string {
  const parts: string[] = []
  const add = (key: string, value: unknown): void => {
    if (value === undefined) return
    if (Array.isArray(value)) parts.push(`${key}=${value.map((item) => encodeURIComponent(String(item).replace(/[\\,]/g, '\\$&'))).join(',')}`)
    else if (typeof value === 'object' && value !== null) for (const [name, inner] of Object.entries(value)) add(`${key}[${encodeURIComponent(name)}]`, inner)
    else parts.push(`${key}=${encodeURIComponent(value === null ? '' : String(value))}`)
  }
  for (const [name, value] of Object.entries(query)) {
    if (name === 'where' && value) for (const [fieldName, test] of Object.entries(value as object)) add(`where[${fieldName}]`, test === null ? { null: true } : test)
    else add(name, value)
  }
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}
