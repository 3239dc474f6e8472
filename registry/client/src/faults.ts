import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import { ExpiredMetadataError } from 'tuf-js/dist/error.js'

/** `url` undefined: the registry itself was not asked. */
export function unreachable(url: string | undefined, why: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('registry-unreachable', `The registry${url === undefined ? '' : ` at ${originOf(url)}`} cannot be used: ${why}. What is installed keeps running; check the address and the network, then try again.`, { cause })
}

export function expired(what: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('metadata-expired', `${what} has expired, so it may hide newer releases. What is installed keeps running; installing waits until the registry renews it. Check the clock of this machine, or tell whoever runs the registry.`, { cause })
}

export function untrusted(why: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('untrusted-release', `${why} Nothing was written. Do not install it; tell whoever runs the registry.`, { cause })
}

export function revoked({ id, version, reason, by }: { id: string; version: string; reason: string; by: 'registry' | 'publisher' }): OpsFluxError {
  return new OpsFluxError('release-revoked', `${id} ${version} was revoked by ${by === 'registry' ? 'the registry' : 'its publisher'}: ${reason} Take another version.`, { data: { id, version, reason } })
}

/** What could not be written to the cache folder. */
export function unkept(what: string, cause: unknown): OpsFluxError {
  return new OpsFluxError('not-ready', `${what} cannot be written to the folder of this platform. Make room on its disk, check who may write to it, then try again.`, { cause })
}

/** Turns what the verification threw into an error of the table. */
export function trustFault(what: string, error: unknown): OpsFluxError {
  if (isOpsFluxError(error)) return error
  if (error instanceof ExpiredMetadataError) return expired(`The ${what} metadata of the registry`, error)
  const why = error instanceof Error ? error.message : String(error)
  return untrusted(`The ${what} metadata of the registry is not genuine: ${why}.`, error)
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}
