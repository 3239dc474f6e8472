import { writeNextDraft } from './draft-root.ts'
import type { Repository } from './repository.ts'
import { ensureWaitingKey, settleKeys, type OnlineRole } from './role-keys.ts'
import type { RootDraft } from './root-draft.ts'
import { withWriteLock } from './write-lock.ts'

export interface Rotation {
  /** Throw away a key that waits already and make another. */
  anew?: boolean
  /** Public PEM of a new key that is kept elsewhere; only for targets. */
  publicKey?: string
}

/**
 * Makes a role's next key, which waits beside the one in force, and drafts the root that trusts it. Asked again before that
 * root is in force, it keeps the key that waits. @throws invalid-request, not-ready
 */
export function rotateKey(repository: Repository, role: OnlineRole, { anew = false, publicKey }: Rotation = {}): Promise<RootDraft> {
  const { store } = repository
  return withWriteLock(store.home, async () => {
    // A key whose root came into force just before an interruption does not wait any more.
    await settleKeys(store)
    if (publicKey === undefined && await store.currentRoot()) await ensureWaitingKey(store, role, anew)
    return writeNextDraft(repository, publicKey === undefined ? {} : { online: { [role]: publicKey } })
  })
}
