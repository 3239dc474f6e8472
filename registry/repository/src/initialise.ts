import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { buildRoot, buildTargets, describeFile, encodeMetadata, publicKeyOf, signMetadata } from '@opsflux/registry-metadata'
import { expiryOf } from './lifetimes.ts'
import { Repository } from './repository.ts'
import { ensureRoleKeys } from './role-keys.ts'
import { withWriteLock } from './write-lock.ts'

/**
 * Makes a repository in a folder: keys, root, an empty targets role, snapshot, timestamp, and `root.json` to pin.
 * What is there already stays, so it is run again without harm, also after it was interrupted.
 */
export async function initialiseRepository(home: string, now: () => Date = () => new Date()): Promise<{ created: boolean; rootPath: string }> {
  const repository = new Repository(home, now)
  const { store } = repository
  const created = await withWriteLock(home, async () => {
    if (await repository.isInitialised()) return false
    await create(repository)
    return true
  })
  const root = await store.readMetadata('root', 1)
  if (root && !await readIfPresent(store.pinnedRootPath)) await writeFileAtomic(store.pinnedRootPath, root)
  return { created, rootPath: store.pinnedRootPath }
}

async function create(repository: Repository): Promise<void> {
  const { store } = repository
  const keys = await ensureRoleKeys(store)
  const role = (name: keyof typeof keys): { publicKeys: string[] } => ({ publicKeys: [publicKeyOf(keys[name])] })
  const root = buildRoot({
    version: 1, expires: expiryOf('root', repository.now()),
    keys: { root: role('root'), targets: role('targets'), snapshot: role('snapshot'), timestamp: role('timestamp') },
  })
  // A root that was written before an interruption may be pinned somewhere already.
  if (!await store.readMetadata('root', 1)) await store.writeMetadata('root', 1, encodeMetadata(signMetadata(root, [keys.root])))
  const targets = encodeMetadata(signMetadata(buildTargets({ version: 1, expires: expiryOf('targets', repository.now()), publishers: [] }), [keys.targets]))
  await store.writeMetadata('targets', 1, targets)
  await repository.writeSnapshot({ targets: describeFile(1, targets) }, 1, 1)
}
