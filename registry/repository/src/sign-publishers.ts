import { buildTargets, formatExpiry, type Delegation } from '@opsflux/registry-metadata'
import { Metadata, Targets } from '@tufjs/models'
import { expiryOf } from './lifetimes.ts'
import type { Publisher } from './publishers.ts'
import type { Repository, RepositoryState } from './repository.ts'

/** Signs the targets role with other publishers; what else it says, such as revocations, stays. Only within `change`. @throws not-ready */
export async function signPublishers(repository: Repository, state: RepositoryState, publishers: readonly Delegation[]): Promise<void> {
  const version = state.targets.signed.version + 1
  const expires = expiryOf('targets', repository.now())
  const { delegations } = buildTargets({ version, expires, publishers }).signed.toJSON()
  const next = new Metadata(Targets.fromJSON({ ...state.targets.signed.toJSON(), version, expires: formatExpiry(expires), delegations: delegations ?? {} }))
  await repository.commit(state, [{ role: 'targets', version, bytes: await repository.sign('targets', next) }])
}

export function delegationOf({ name, prefixes, keys }: Publisher): Delegation {
  return { name, prefixes, publicKeys: keys.map((key) => key.publicKey) }
}
