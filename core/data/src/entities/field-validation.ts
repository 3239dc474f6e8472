import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Json } from '@opsflux/sdk'
import { compilePattern, isCalendarDate, isCurrency, isInstant, isStorableJson, isStorableText, isZonedInstant } from './field-formats.ts'
import type { JsonSchema } from './field-schemas.ts'
import { isUuid } from './uuid.ts'
import { isAfter } from './values.ts'

const common: Options = { ownProperties: true, verbose: true }
let own: Ajv2020 | undefined
let foreign: Ajv2020 | undefined

/** A check of values against a schema of `schemaOfFields`, that finds all that is wrong. */
export function compileSchema(schema: JsonSchema): ValidateFunction {
  own ??= createAjv()
  return compileOnce(own, schema)
}

// ajv keeps every compiled schema; releases come and go.
function compileOnce(ajv: Ajv2020, schema: JsonSchema): ValidateFunction {
  const validate = ajv.compile(schema)
  ajv.removeSchema(schema)
  return validate
}

function createAjv(): Ajv2020 {
  const created = new Ajv2020({
    ...common, strict: true, allowUnionTypes: true, allErrors: true, validateSchema: false, meta: false,
    code: { regExp: Object.assign(compilePattern, { code: 'compilePattern' }) },
    formats: { 'storable-text': isStorableText, 'calendar-date': isCalendarDate, instant: isInstant, 'zoned-instant': isZonedInstant, currency: isCurrency, uuid: isUuid },
  })
  created.addKeyword({ keyword: 'storableJson', validate: (filled: 'any' | 'filled', value: Json) => (value === null ? filled === 'any' : isStorableJson(value)), errors: false })
  created.addKeyword({ keyword: 'distinctIds', type: 'array', validate: (_: true, ids: Json[]) => new Set(ids.map((id) => String(id).toLowerCase())).size === ids.length, errors: false })
  created.addKeyword({ keyword: 'timeRange', type: 'object', compile: () => timeRangeCheck, errors: 'full' })
  return created.addKeyword({ keyword: 'jsonSchema', compile: foreignCheck, errors: 'full' })
}

interface Place { instancePath: string }
interface Check {
  (value: Json, place?: Place): boolean
  errors?: Partial<ErrorObject>[]
}

const timeRangeCheck: Check = (value, place) => {
  const { from, to } = value as { from?: Json; to?: Json }
  if (typeof from !== 'string' || typeof to !== 'string' || !isInstant(from) || !isInstant(to) || isAfter(to, from)) return true
  timeRangeCheck.errors = [{ keyword: 'timeRange', instancePath: `${place?.instancePath ?? ''}/to`, params: {}, data: to }]
  return false
}

/**
 * The schema of a `json` field. Only the first error is told: a list of 30,000 wrong items would make as many for each keyword.
 * Which keywords there can be is decided when packages are read (`json-schema-shape.ts` of the registry's client).
 */
function foreignCheck(schema: JsonSchema): Check {
  let validate: ValidateFunction | undefined
  const check: Check = (value, place) => {
    if (value === null) return true
    foreign ??= new Ajv2020({ ...common, strict: false, formats: { date: isCalendarDate, 'date-time': isInstant, uuid: isUuid } })
    validate ??= compileOnce(foreign, schema)
    if (validate(value)) return true
    check.errors = (validate.errors ?? []).map((error) => ({ ...error, instancePath: (place?.instancePath ?? '') + error.instancePath }))
    return false
  }
  return check
}
