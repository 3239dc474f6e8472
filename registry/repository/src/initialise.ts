import { publicKeyOf } from '@opsflux/registry-metadata'
import { finish, publishRoot } from './apply-root.ts'
import { writeFirstDraft } from './draft-root.ts'
import { Repository } from './repository.ts'
import { ensureRoleKey } from './role-keys.ts'
import { signDraft } from './root-draft.ts'
import { withWriteLock } from './write-lock.ts'

/** Root keys at hand, for a registry that one person makes at one go. */
export interface RootKeysAtHand {
  privateKeyPems: readonly string[]
  /** How many of them must sign. */
  threshold: number
}

/**
 * Makes a whole repository in a folder at one go, and `root.json` to pin: for development and tests, because every key is at hand.
 * Without root keys it makes one and keeps it. What is there already stays, so it is run again without harm, also after it was interrupted.
 */
export async function initialiseRepository(home: string, now: () => Date = () => new Date(), rootKeys?: RootKeysAtHand): Promise<{ created: boolean; rootPath: string }> {
  const repository = new Repository(home, now)
  const { store } = repository
  const created = await withWriteLock(home, async () => {
    const isNew = !await repository.isInitialised()
    // A root that was written before an interruption may be pinned somewhere already.
    if (await store.currentRoot()) await finish(repository)
    else await makeRoot(repository, rootKeys ?? { privateKeyPems: [await ensureRoleKey(store, 'root')], threshold: 1 })
    return isNew
  })
  return { created, rootPath: store.pinnedRootPath }
}

async function makeRoot(repository: Repository, { privateKeyPems, threshold }: RootKeysAtHand): Promise<void> {
  const draft = await writeFirstDraft(repository, { threshold, rootKeys: privateKeyPems.map((pem) => ({ publicKey: publicKeyOf(pem) })) })
  for (const pem of privateKeyPems.slice(0, threshold)) signDraft(draft, pem)
  await publishRoot(repository, draft.root)
}
