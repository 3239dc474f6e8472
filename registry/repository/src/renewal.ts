import { Metadata, Root, Targets } from '@tufjs/models'
import { encodeMetadata, formatExpiry, isHalfSpent, parseExpiry, signMetadata, type TopLevelRole } from '@opsflux/registry-metadata'
import { expiryOf, lifetimeSeconds } from './lifetimes.ts'
import type { Repository, RepositoryState, RoleFile } from './repository.ts'
import { readRoleKey } from './role-keys.ts'

export interface Renewal {
  renewed: TopLevelRole[]
  /** Half spent, and the key is not here. */
  waiting: TopLevelRole[]
}

/** Signs anew what has less than half of its lifetime left. */
export async function renew(repository: Repository): Promise<Renewal> {
  if (dueRoles(repository, await repository.state()).length === 0) return { renewed: [], waiting: [] }
  return repository.change(async (state) => {
    const due = dueRoles(repository, state)
    const waiting: TopLevelRole[] = []
    const files: RoleFile[] = []
    for (const role of ['root', 'targets'] as const) {
      if (!due.includes(role)) continue
      const file = await nextFile(repository, state, role)
      if (file) files.push(file)
      else waiting.push(role)
    }
    // No snapshot lists the root: clients find its next version by asking for it (TUF 5.3.3).
    for (const { role, version, bytes } of files.filter((file) => file.role === 'root')) await repository.store.writeMetadata(role, version, bytes)
    const listed = files.filter((file) => file.role !== 'root')
    if (listed.length > 0 || due.includes('snapshot')) await repository.commit(state, listed)
    else if (due.includes('timestamp')) await repository.writeTimestamp(state.timestamp.signed.snapshotMeta, state.timestamp.signed.version + 1)
    return { renewed: due.filter((role) => !waiting.includes(role)), waiting }
  })
}

function dueRoles({ now }: Repository, state: RepositoryState): TopLevelRole[] {
  return (['root', 'targets', 'snapshot', 'timestamp'] as const).filter((role) => {
    const expires = parseExpiry(state[role].signed.expires)
    return !expires || isHalfSpent(expires, lifetimeSeconds[role], now())
  })
}

/** The same content under the next version and a later date. */
async function nextFile({ store, now }: Repository, state: RepositoryState, role: 'root' | 'targets'): Promise<RoleFile | undefined> {
  const key = await readRoleKey(store, role)
  if (!key) return undefined
  const version = state[role].signed.version + 1
  const fields = { ...state[role].signed.toJSON(), version, expires: formatExpiry(expiryOf(role, now())) }
  const next = role === 'root' ? new Metadata(Root.fromJSON(fields)) : new Metadata(Targets.fromJSON(fields))
  return { role, version, bytes: encodeMetadata(signMetadata(next, [key])) }
}
