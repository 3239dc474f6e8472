import { isObject, pointer, type Report, type Shape } from './shape.ts'

/**
 * What the schema of a `json` field may hold: keywords of the applicator, validation and meta-data vocabularies of JSON Schema 2020-12. Not
 * `$ref` and `$defs` (they make a short schema check without end), not `pattern` and `patternProperties` (a stranger's expression could hold the host),
 * of `format` only `date`, `date-time` and `uuid`, and `uniqueItems` only where items are of one plain type (others are compared each with each).
 */
export const schemaLimits = { bytes: 16_384, depth: 20, schemas: 500 } as const

type Check = (value: unknown) => boolean
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const truth: Check = (value) => typeof value === 'boolean'
const string: Check = (value) => typeof value === 'string'
const strings: Check = (value) => Array.isArray(value) && value.every(string) && new Set(value).size === value.length
const anything: Check = () => true

const types = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']
const type: Check = (value) => (Array.isArray(value) ? value.length > 0 && strings(value) && value.every((one) => types.includes(one as string)) : types.includes(value as string))

const plain: Record<string, Check> = {
  type, enum: (value) => Array.isArray(value) && value.length > 0, const: anything,
  multipleOf: (value) => number(value) && (value as number) > 0, maximum: number, minimum: number, exclusiveMaximum: number, exclusiveMinimum: number,
  maxLength: count, minLength: count, maxItems: count, minItems: count, uniqueItems: truth, maxContains: count, minContains: count, maxProperties: count, minProperties: count,
  required: strings, dependentRequired: (value) => isObject(value) && Object.values(value).every(strings),
  format: (value) => value === 'date' || value === 'date-time' || value === 'uuid',
  title: string, description: string, default: anything, deprecated: truth, readOnly: truth, writeOnly: truth, examples: Array.isArray,
}
const one = ['items', 'contains', 'additionalProperties', 'propertyNames', 'if', 'then', 'else', 'not']
const many = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const named = ['properties', 'dependentSchemas']

interface Walk {
  report: Report
  schemas: number
}

/** A schema that a `json` field may have. */
export const jsonSchemaShape: Shape = (value, path, report) => {
  if (!isObject(value)) return report(path, 'must be a JSON Schema')
  if (Buffer.byteLength(JSON.stringify(value)) > schemaLimits.bytes) return report(path, `must have at most ${schemaLimits.bytes} bytes`)
  const walk: Walk = { report, schemas: 0 }
  checkSchema(value, path, walk, schemaLimits.depth)
  if (walk.schemas > schemaLimits.schemas) report(path, `must have at most ${schemaLimits.schemas} schemas in it`)
}

function checkSchema(value: unknown, path: string, walk: Walk, levels: number): void {
  walk.schemas += 1
  if (typeof value === 'boolean' || walk.schemas > schemaLimits.schemas) return
  if (!isObject(value)) return walk.report(path, 'must be a JSON Schema')
  if (levels === 0) return walk.report(path, `is nested deeper than ${schemaLimits.depth} levels`)
  for (const [keyword, given] of Object.entries(value)) checkKeyword(keyword, given, pointer(path, keyword), walk, levels - 1)
  if (value['uniqueItems'] === true && !isPlainType(value['items'])) walk.report(pointer(path, 'uniqueItems'), 'takes items of one plain type')
  for (const [needs, other] of [['then', 'if'], ['else', 'if'], ['minContains', 'contains'], ['maxContains', 'contains']] as const) {
    if (Object.hasOwn(value, needs) && !Object.hasOwn(value, other)) walk.report(pointer(path, needs), `means nothing without ${other}`)
  }
  if (Object.hasOwn(value, 'if') && !Object.hasOwn(value, 'then') && !Object.hasOwn(value, 'else')) walk.report(pointer(path, 'if'), 'means nothing without then or else')
}

function checkKeyword(keyword: string, value: unknown, path: string, walk: Walk, levels: number): void {
  const check = Object.hasOwn(plain, keyword) ? plain[keyword] : undefined
  if (check) return check(value) ? undefined : walk.report(path, 'has a value that is not allowed')
  if (one.includes(keyword)) return checkSchema(value, path, walk, levels)
  const entries = many.includes(keyword) && Array.isArray(value) && value.length > 0 ? [...value.entries()] : named.includes(keyword) && isObject(value) ? Object.entries(value) : undefined
  if (!entries) return walk.report(path, 'is not a keyword that can be used here')
  for (const [key, schema] of entries) checkSchema(schema, pointer(path, String(key)), walk, levels)
}

const isPlainType = (items: unknown): boolean => isObject(items) && typeof items['type'] === 'string' && items['type'] !== 'object' && items['type'] !== 'array'
