import { OpsFluxError } from '@opsflux/sdk'
import type { Metadata, Root } from '@tufjs/models'
import { isSameRoot, readRootContent } from './root-content.ts'

/** The roots follow each other, each signed by itself and by the one before (TUF 5.3.4). @throws untrusted-release */
export function checkChain(chain: readonly Metadata<Root>[]): void {
  for (const [index, root] of chain.entries()) {
    const isSound = root.signed.version === index + 1 && isSigned(root, root) && isSigned(chain[index - 1] ?? root, root)
    if (!isSound) throw refused(`Root ${index + 1} among the roots before it is not signed as it should be.`)
  }
}

/** The first root of the chain that a holder knows from elsewhere is in it, unchanged. @throws untrusted-release */
export function checkPinned(chain: readonly Metadata<Root>[], pinned: Metadata<Root>): void {
  const same = chain[pinned.signed.version - 1]
  if (!same || !isSameRoot(same, pinned)) throw refused('It does not come from the root that was given to compare: its line of roots is another.')
}

/** What may follow is the next version, and still holds. @throws conflict, untrusted-release */
export function checkSuccession(before: Metadata<Root> | undefined, next: Metadata<Root>, now: Date): void {
  const expected = (before?.signed.version ?? 0) + 1
  if (next.signed.version !== expected) {
    throw new OpsFluxError('conflict', `This is root ${next.signed.version}; the registry has root ${expected - 1}, so only root ${expected} can follow. Make a new draft with \`opsflux registry root draft\`.`)
  }
  if (readRootContent(next).expires <= now) throw refused('It has expired already.')
}

/** TUF 5.3.4: enough keys of the root before and of the new one. @throws untrusted-release */
export function checkSignatures(before: Metadata<Root> | undefined, next: Metadata<Root>): void {
  if (before && !isSigned(before, next)) throw refused(`It needs the signatures of ${thresholdOf(before)} of the root keys that are in force now, and has fewer.`)
  if (!isSigned(next, next)) throw refused(`It needs the signatures of ${thresholdOf(next)} of the root keys that it brings, and has fewer.`)
}

/** True when enough of the keys that a root names for a role have signed. */
export function isSigned(root: Metadata<Root>, metadata: Parameters<Metadata<Root>['verifyDelegate']>[1], role = 'root'): boolean {
  try {
    root.verifyDelegate(role, metadata)
    return true
  } catch {
    return false
  }
}

function thresholdOf(root: Metadata<Root>): number {
  return root.signed.roles['root']?.threshold ?? 0
}

function refused(why: string): OpsFluxError {
  return new OpsFluxError('untrusted-release', `The root is refused. ${why} Nothing was changed; see who has signed it with \`opsflux registry root show\`.`)
}
