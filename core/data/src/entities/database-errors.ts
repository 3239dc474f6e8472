import { isOpsFluxError, OpsFluxError, type FieldError } from '@opsflux/sdk'
import { sqlName, snakeCase } from '@opsflux/migrations/generate'
import pg from 'pg'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { validationFailed } from './validator.ts'

/** What a failed write means to its caller; any other error is answered as it is. */
export function writeError(release: ReleaseEntities, entity: ReleaseEntity, locale: string, error: unknown): unknown {
  if (isOpsFluxError(error) || !(error instanceof pg.DatabaseError)) return error
  switch (error.code) {
    case '23505': return duplicate(entity, error)
    case '23503': return error.table === entity.tableName ? wrongValues(entity, error, 'reference', 'There is no such record.') : referredTo(release, entity, error)
    case '23502': return wrongValues(entity, error, 'required', 'A value is required.')
    case '23514': return brokenCheck(release, entity, locale, error)
    case '22001': return wrongValues(entity, error, 'too-long', 'The value is too long.')
    case '22003': return wrongValues(entity, error, 'too-large', 'The value is too large.')
    case '0A000':
    case '40001':
    case '40P01': return new OpsFluxError('conflict', 'Somebody else changed the same records at the same moment. Try again.', { cause: error })
    default: return error
  }
}

function duplicate(entity: ReleaseEntity, error: pg.DatabaseError): OpsFluxError {
  const errors = fieldsOf(entity, error).map((field): FieldError => ({ path: `/${field}`, code: 'unique', message: 'Another record has this value.' }))
  const what = errors.length === 0 ? 'these values' : `this ${errors.map((one) => one.path.slice(1)).join(', ')}`
  return new OpsFluxError('conflict', `Another ${entity.name} has ${what} already. Choose another value.`, { data: { errors: errors.map((one) => ({ ...one })) }, cause: error })
}

function referredTo(release: ReleaseEntities, entity: ReleaseEntity, error: pg.DatabaseError): OpsFluxError {
  const by = release.byTable(error.table ?? '')?.name ?? 'other'
  return new OpsFluxError('conflict', `This ${entity.name} is referred to by ${by} records. Change or delete them first.`, { data: { entity: by }, cause: error })
}

/** In the words of the module, and at the field that the check is named after. */
function brokenCheck(release: ReleaseEntities, entity: ReleaseEntity, locale: string, error: pg.DatabaseError): OpsFluxError {
  const name = Object.keys(entity.declaration.checks ?? {}).find((check) => sqlName(entity.tableName, snakeCase(check), 'check') === error.constraint)
  const message = name === undefined ? undefined : release.message(`check.${entity.name}.${name}`, locale)
  if (name === undefined || message === undefined) return wrongValues(entity, error, 'check', 'The value breaks a rule of the module.')
  const path = Object.hasOwn(entity.declaration.fields, name) ? `/${name}` : ''
  return new OpsFluxError('validation-failed', message, { data: { errors: [{ path, code: 'check', message }] }, cause: error })
}

function wrongValues(entity: ReleaseEntity, error: pg.DatabaseError, code: string, message: string): OpsFluxError {
  const fields = fieldsOf(entity, error)
  return validationFailed(fields.length === 0 ? [{ path: '', code, message }] : fields.map((field) => ({ path: `/${field}`, code, message })))
}

/**
 * The declared fields an error is about. PostgreSQL names the column, or the columns of a key as `(a, b)=(…)` in its detail
 * (in every language), or only the constraint, whose name usually holds the column's.
 */
function fieldsOf(entity: ReleaseEntity, error: pg.DatabaseError): string[] {
  const key = /\((.+)\)=\(/.exec(error.detail ?? '')?.[1]
  const declared = entity.list.filter((column) => column.declaration)
  if (error.column !== undefined) return declared.filter((column) => column.name === error.column).map((column) => column.field)
  if (key !== undefined) return declared.filter((column) => new RegExp(`\\b${column.name}\\b`).test(key)).map((column) => column.field)
  const named = declared.filter((column) => `_${error.constraint ?? ''}_`.includes(`_${column.name}_`))
  const longest = Math.max(0, ...named.map((column) => column.name.length))
  return named.filter((column) => column.name.length === longest).map((column) => column.field)
}
