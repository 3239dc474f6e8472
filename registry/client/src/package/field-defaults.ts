import type { FieldDeclaration, FieldKind, Json } from '@opsflux/sdk'
import { isObject } from './shape.ts'
import { mayBeSlow } from './slow-pattern.ts'

const longest: Partial<Record<FieldKind, number>> = { string: 255, text: 20_000, richText: 100_000 }
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether a field takes its own default. What the host alone can tell (zones, the schema of JSON) it refuses at the first write. */
export function isDefaultOf(field: FieldDeclaration, value: Json): boolean {
  switch (field.kind) {
    case 'string': case 'text': case 'richText': return typeof value === 'string' && value.length <= (field.maxLength ?? longest[field.kind] ?? 255) && matches(field.pattern, value)
    case 'integer': case 'duration': return isWhole(field, value)
    case 'decimal': return typeof value === 'string' && /^-?\d{1,100}(\.\d{1,100})?$/.test(value)
    case 'boolean': return typeof value === 'boolean'
    case 'date': return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
    case 'datetime': return isInstant(value)
    case 'zonedDatetime': return typeof value === 'string' && isInstant(value.replace(/\[[\w+/-]{1,64}\]$/, '')) && value.endsWith(']')
    case 'enum': return typeof value === 'string' && (field.values ?? []).includes(value)
    case 'json': return JSON.stringify(value).length <= 64 * 1024
    case 'money': return hasOnly(value, 'minor', 'currency') && isWhole(field, value['minor']) && isCurrency(field, value['currency'])
    case 'timeRange': return hasOnly(value, 'from', 'to') && isInstant(value['from']) && (value['to'] === null || (isInstant(value['to']) && Date.parse(String(value['to'])) > Date.parse(String(value['from']))))
    case 'geoPoint': return hasOnly(value, 'lat', 'lng') && isWithin(value['lat'], 90) && isWithin(value['lng'], 180)
    case 'reference': case 'user': case 'company': case 'department': case 'file': return typeof value === 'string' && uuid.test(value)
    case 'manyToMany': case 'sequence': case 'encrypted': return false
  }
}

/** The host matches what is written with a time limit; here a default that could take long is taken as it is. */
function matches(pattern: string | undefined, value: string): boolean {
  return pattern === undefined || value.length > 64 || mayBeSlow(pattern) || new RegExp(`^(?:${pattern})$`, 'u').test(value)
}

function isWhole({ min = -Infinity, max = Infinity }: FieldDeclaration, value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

const isInstant = (value: Json | undefined): boolean => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))

const isCurrency = ({ currencies }: FieldDeclaration, value: Json | undefined): boolean => typeof value === 'string' && (currencies?.includes(value) ?? /^[A-Z]{3}$/.test(value))

const isWithin = (value: Json | undefined, most: number): boolean => typeof value === 'number' && Math.abs(value) <= most

function hasOnly(value: Json, ...keys: string[]): value is { [key: string]: Json } {
  return isObject(value) && Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key))
}
