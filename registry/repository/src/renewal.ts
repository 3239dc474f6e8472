import { Metadata, Root, Targets } from '@tufjs/models'
import { encodeMetadata, formatExpiry, isHalfSpent, parseExpiry, signMetadata, topLevelRoles, type TopLevelRole } from '@opsflux/registry-metadata'
import { daySeconds, expiryOf, lifetimeSeconds } from './lifetimes.ts'
import type { Repository, RepositoryState, RoleFile } from './repository.ts'
import { settleKeys, trustedKeysAtHand } from './role-keys.ts'
import { readRootContent } from './root-content.ts'
import { isSigned } from './root-rules.ts'

export interface Renewal {
  renewed: TopLevelRole[]
  /** Due, and the key is not here. */
  waiting: TopLevelRole[]
}

/** Signs anew what has less than half of its lifetime left, or was signed with a key that the root no longer trusts. */
export async function renew(repository: Repository): Promise<Renewal> {
  if (dueRoles(repository.now(), await repository.state()).length === 0) return { renewed: [], waiting: [] }
  return repository.change(async (state) => {
    const renewal = await renewDue(repository, state)
    await settleKeys(repository.store)
    return renewal
  })
}

/** Only within `change`. */
export async function renewDue(repository: Repository, state: RepositoryState): Promise<Renewal> {
  const due = dueRoles(repository.now(), state)
  const root = due.includes('root') ? await nextRoot(repository, state.root) : undefined
  const targets = due.includes('targets') ? await targetsAnew(repository, state.targets) : undefined
  const waiting = due.filter((role) => (role === 'root' && !root) || (role === 'targets' && !targets))
  // No snapshot lists the root: clients find its next version by asking for it (TUF 5.3.3).
  if (root) await repository.store.writeMetadata('root', root.version, root.bytes)
  if (targets || due.includes('snapshot')) await repository.commit(state, targets ? [targets] : [])
  else if (due.includes('timestamp')) await repository.writeTimestamp(state.timestamp.signed.snapshotMeta, state.timestamp.signed.version + 1)
  return { renewed: due.filter((role) => !waiting.includes(role)), waiting }
}

export function dueRoles(now: Date, state: RepositoryState): TopLevelRole[] {
  return topLevelRoles.filter((role) => {
    const expires = parseExpiry(state[role].signed.expires)
    const lifetime = role === 'root' ? readRootContent(state.root).days * daySeconds : lifetimeSeconds[role]
    return !expires || isHalfSpent(expires, lifetime, now) || !isSigned(state.root, state[role], role)
  })
}

/** The same content under the next version and a later date; undefined when its key is not at hand. */
export async function targetsAnew(repository: Repository, targets: Metadata<Targets>): Promise<RoleFile | undefined> {
  const root = await repository.store.currentRoot()
  if (!root || (await trustedKeysAtHand(repository.store, 'targets', [root])).length === 0) return undefined
  const version = targets.signed.version + 1
  const next = new Metadata(Targets.fromJSON({ ...targets.signed.toJSON(), version, expires: formatExpiry(expiryOf('targets', repository.now())) }))
  return { role: 'targets', version, bytes: await repository.sign('targets', next) }
}

/** Only where one root key is enough and lies here, as on a machine for development. */
async function nextRoot({ store, now }: Repository, root: Metadata<Root>): Promise<RoleFile | undefined> {
  const [key] = await trustedKeysAtHand(store, 'root', [root])
  if (!key || root.signed.roles['root']?.threshold !== 1) return undefined
  const version = root.signed.version + 1
  const next = new Metadata(Root.fromJSON({ ...root.signed.toJSON(), version, expires: formatExpiry(expiryOf('root', now())) }))
  return { role: 'root', version, bytes: encodeMetadata(signMetadata(next, [key])) }
}
