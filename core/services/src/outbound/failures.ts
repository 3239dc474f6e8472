import { OpsFluxError } from '@opsflux/sdk'

export const malformed = (what: string): OpsFluxError => new OpsFluxError('plugin-failed', `http.fetch: ${what}`)

export const fetchFailed = (what: string): OpsFluxError => new OpsFluxError('fetch-failed', what)

export const egressRefused = (what: string): OpsFluxError => new OpsFluxError('egress-refused', what)

/**
 * What went wrong on the way to a host, in words of ours: those of the system name addresses inside the network, and its errors
 * keep bytes of the answer, which may repeat a secret.
 */
export function describeFailure(host: string, error: unknown): OpsFluxError {
  const code = codeOf(error)
  return fetchFailed(`${host} ${reason(code)}`)
}

function reason(code: string): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'sent more than 16 KiB of headers.'
  if (code.startsWith('HPE_')) return `did not answer in HTTP (${code}).`
  if (code === 'ECONNREFUSED') return 'refuses the connection.'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'closed the connection before it had answered.'
  if (code.includes('CERT') || code.includes('SELF_SIGNED') || code.includes('SIGNATURE') || code.startsWith('ERR_TLS')) return `has no certificate that proves it is that host (${code}).`
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return 'does not speak TLS as it should.'
  return `could not be reached${code === '' ? '' : ` (${code})`}.`
}

/** Several addresses tried: the first failure speaks for all. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
