import type { Json } from './json.ts'

/**
 * The closed table of error codes: HTTP status and title of each.
 * Errors are told apart by code; `instanceof` does not survive an isolate.
 */
export const errorTable = {
  'invalid-request': { status: 400, title: 'The request cannot be read' },
  'not-signed-in': { status: 401, title: 'Sign in first' },
  'sign-in-failed': { status: 401, title: 'E-mail or password is wrong' },
  'password-change-required': { status: 403, title: 'Choose a new password first' },
  forbidden: { status: 403, title: 'You may not do this' },
  'capability-denied': { status: 403, title: 'The module was not granted this capability' },
  'egress-refused': { status: 403, title: 'The module may not reach this address' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflicts with existing data' },
  'stale-plan': { status: 409, title: 'The plan no longer fits: make a new one' },
  'plan-impossible': { status: 409, title: 'This change cannot be made' },
  'operation-in-progress': { status: 409, title: 'Another operation is running' },
  'operation-failed': { status: 409, title: 'The operation failed and was taken back' },
  'module-disabled': { status: 409, title: 'The module is disabled' },
  'migration-failed': { status: 409, title: 'A migration failed' },
  'secret-missing': { status: 409, title: 'A secret of the module is not set' },
  'release-revoked': { status: 409, title: 'The release was revoked' },
  'stale-record': { status: 412, title: 'The record was changed by someone else' },
  'payload-too-large': { status: 413, title: 'Too large' },
  'validation-failed': { status: 422, title: 'Some values are not accepted' },
  'refused-by-module': { status: 422, title: 'A module refused this change' },
  'package-refused': { status: 422, title: 'The package is not safe to open' },
  'untrusted-release': { status: 422, title: 'The release is not genuine' },
  'too-many-requests': { status: 429, title: 'Too many requests: wait a little' },
  internal: { status: 500, title: 'Something went wrong on the server' },
  'plugin-failed': { status: 502, title: 'The module failed' },
  'fetch-failed': { status: 502, title: 'A remote server did not answer as it should' },
  'plugin-stopped': { status: 503, title: 'The module is stopped' },
  'registry-unreachable': { status: 503, title: 'The registry does not answer' },
  'metadata-expired': { status: 503, title: 'The registry metadata has expired' },
  'not-ready': { status: 503, title: 'The platform is not ready' },
  'plugin-timeout': { status: 504, title: 'The module took too long' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof errorTable

/** RFC 9457 problem details, as every API error is sent. */
export interface Problem {
  type: string
  title: string
  status: number
  code: ErrorCode
  /** What happened, why, and the next step, for people. */
  detail: string
  /** Which fields are wrong and why, for `validation-failed`. */
  errors?: FieldError[]
  [extra: string]: unknown
}

/** One wrong value: `path` is a JSON Pointer such as `/occurredAt`. */
export interface FieldError {
  path: string
  code: string
  message: string
}

export class OpsFluxError extends Error {
  readonly code: ErrorCode
  readonly data: Record<string, Json>
  constructor(code: ErrorCode, detail: string, options: { data?: Record<string, Json>; cause?: unknown } = {}) {
    super(detail, { cause: options.cause })
    this.name = 'OpsFluxError'
    this.code = code
    this.data = options.data ?? {}
  }

  get status(): number {
    return errorTable[this.code].status
  }

  toProblem(): Problem {
    const { status, title } = errorTable[this.code]
    return { type: `urn:opsflux:error:${this.code}`, title, status, code: this.code, detail: this.message, ...this.data }
  }
}

/** True for any error, from any realm, that carries a code of the table. */
export function isOpsFluxError(error: unknown): error is OpsFluxError {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && Object.hasOwn(errorTable, error.code)
}
