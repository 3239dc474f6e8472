import { OpsFluxError } from '@opsflux/sdk'

export function invalidRequest(detail: string): OpsFluxError {
  return new OpsFluxError('invalid-request', detail)
}
