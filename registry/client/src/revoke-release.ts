import { maxRevocations, targetPathOf, type Revocation } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { PublisherApi, type SigningOptions } from './publisher-api.ts'

export interface RevokeOptions extends SigningOptions {
  id: string
  version: string
  /** For people: what is wrong with it and what to take instead; at most 500 characters. */
  reason: string
}

/**
 * Revokes a release of the publisher's own, for good: hosts disable it at their next refresh and keep its data.
 * @returns false when it was revoked before @throws not-found, invalid-request, untrusted-release, conflict, registry-unreachable
 */
export async function revokeRelease({ id, version, reason, ...options }: RevokeOptions): Promise<{ revoked: boolean }> {
  const revoked = await new PublisherApi(options).change((list, signer) => {
    if (list.revoked.some((revocation) => revocation.id === id && revocation.version === version)) return Promise.resolve(undefined)
    const path = targetPathOf(id, version)
    const digest = list.releases.find((release) => release.path === path)?.hashes['sha256']
    if (digest === undefined) throw new OpsFluxError('not-found', `${options.publisher} has published no ${id} ${version}. Look for it in the catalogue.`)
    if (list.revoked.length >= maxRevocations) throw new OpsFluxError('conflict', `A publisher revokes at most ${maxRevocations} releases. Ask whoever runs the registry to revoke it.`)
    const revocation: Revocation = { id, version, digest, reason, at: new Date() }
    return Promise.resolve(list.signed({ revoked: [...list.revoked, revocation] }, signer))
  })
  return { revoked }
}
