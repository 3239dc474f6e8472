import { formatExpiry, isInPrefix, maxRevocations, revocationsOf, targetPathOf, writeRevocations } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { Metadata, Targets } from '@tufjs/models'
import { expiryOf } from './lifetimes.ts'
import { allTargets, currentRoles } from './publisher-roles.ts'
import { publishersOf } from './publishers.ts'
import { Repository, type RepositoryOptions, type RepositoryState } from './repository.ts'

export interface RevokedByRegistry {
  id: string
  version: string
  /** For people: what is wrong with it and what to take instead; at most 500 characters. */
  reason: string
}

/**
 * Revokes a release of any publisher in the registry's own name, for good. Hosts disable it at their next refresh and keep its data.
 * @returns whether anything changed: false when it was revoked before @throws not-found, invalid-request, conflict, not-ready
 */
export async function revoke(home: string, { id, version, reason }: RevokedByRegistry, now: () => Date = () => new Date(), options: RepositoryOptions = {}): Promise<{ changed: boolean }> {
  const repository = new Repository(home, now, options)
  return repository.change(async (state) => {
    const before = revocationsOf(state.targets.signed)
    if (before.some((revocation) => revocation.id === id && revocation.version === version)) return { changed: false }
    if (before.length >= maxRevocations) throw new OpsFluxError('conflict', `The registry revokes at most ${maxRevocations} releases. Let the publisher revoke it, or take the publisher away.`)
    const digest = await digestOf(repository, state, id, version)
    const revoked = writeRevocations([...before, { id, version, digest, reason, at: now() }])
    const next = state.targets.signed.version + 1
    const targets = Targets.fromJSON({ ...state.targets.signed.toJSON(), ...revoked, version: next, expires: formatExpiry(expiryOf('targets', now())) })
    await repository.commit(state, [{ role: 'targets', version: next, bytes: await repository.sign('targets', new Metadata(targets)) }])
    return { changed: true }
  })
}

async function digestOf(repository: Repository, state: RepositoryState, id: string, version: string): Promise<string> {
  const owner = publishersOf(state.targets.signed).find(({ prefixes }) => isInPrefix(id, prefixes))
  const roles = owner && await currentRoles(repository, state, owner.name)
  const digest = allTargets(roles).get(targetPathOf(id, version))?.hashes['sha256']
  if (digest === undefined) throw new OpsFluxError('not-found', `The registry has no ${id.slice(0, 60)} ${version.slice(0, 64)}. Look for it in the catalogue.`)
  return digest
}
