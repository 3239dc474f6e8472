import { rm } from 'node:fs/promises'
import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { buildTargets, describeFile, encodeMetadata, type TopLevelRole } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { Metadata, Targets, type Root } from '@tufjs/models'
import { readWaitingDraft } from './draft-root.ts'
import { expiryOf } from './lifetimes.ts'
import { renewDue } from './renewal.ts'
import { Repository, type RoleFile } from './repository.ts'
import { onlineRoles, settleKeys, trustedKeysAtHand, type OnlineRole } from './role-keys.ts'
import { isSameRoot, readRootContent } from './root-content.ts'
import { mergeDrafts, type RootDraft } from './root-draft.ts'
import { checkSignatures, checkSuccession } from './root-rules.ts'
import { withWriteLock } from './write-lock.ts'

export interface Applied {
  version: number
  /** False when it was in force before and only what an interruption had left was finished. */
  published: boolean
  /** Roles whose keys it changed. */
  rotated: OnlineRole[]
  /** Roles that are to be signed and whose keys are not here. */
  waiting: TopLevelRole[]
}

/**
 * Puts a root in force that enough holders signed: of the root before and of the new one. Interrupted at any moment, the
 * repository serves what hosts accept, and the same again finishes it.
 * @throws invalid-request, conflict, untrusted-release, not-ready
 */
export function applyRoot(repository: Repository, signed: readonly RootDraft[]): Promise<Applied> {
  const { root } = mergeDrafts(signed)
  return withWriteLock(repository.store.home, () => publishRoot(repository, root))
}

/** Only within the write lock. */
export async function publishRoot(repository: Repository, next: Metadata<Root>): Promise<Applied> {
  const { store } = repository
  const current = await store.currentRoot()
  const isInForce = current !== undefined && isSameRoot(current, next)
  if (!isInForce) {
    checkSuccession(current, next, repository.now())
    checkSignatures(current, next)
    await checkAsked(repository, next)
  }
  const rotated = current && !isInForce ? changedRoles(current, next) : []
  if (!isInForce) await prepare(repository, current, next, rotated)
  if (!isInForce) await store.writeMetadata('root', next.signed.version, encodeMetadata(next))
  const waiting = await finish(repository)
  return { version: next.signed.version, published: !isInForce, rotated, waiting }
}

/**
 * What comes after the root is in force: a repository that has begun, everything signed with its keys, the keys in their places.
 * @returns roles that are due and whose keys are not here
 */
export async function finish(repository: Repository): Promise<TopLevelRole[]> {
  const { store } = repository
  const root = await store.currentRoot()
  if (!root) return []
  if (!await repository.isInitialised()) await begin(repository)
  const { waiting } = await renewDue(repository, await repository.genuineState())
  await settleKeys(store)
  const first = await store.readMetadata('root', 1)
  if (first && !await readIfPresent(store.pinnedRootPath)) await writeFileAtomic(store.pinnedRootPath, first)
  const draft = await readWaitingDraft(store)
  if (draft && draft.root.signed.version <= root.signed.version) await rm(store.draftPath, { force: true })
  return waiting
}

/** The first targets, snapshot and timestamp. */
async function begin(repository: Repository): Promise<void> {
  const targets = await repository.sign('targets', buildTargets({ version: 1, expires: expiryOf('targets', repository.now()), publishers: [] }))
  await repository.store.writeMetadata('targets', 1, targets)
  await repository.writeSnapshot({ targets: describeFile(1, targets) }, 1, 1)
}

/** Where the draft still lies here, what comes back is what was sent out. */
async function checkAsked({ store }: Repository, next: Metadata<Root>): Promise<void> {
  const draft = (await readWaitingDraft(store))?.root
  if (draft && draft.signed.version === next.signed.version && !isSameRoot(draft, next)) {
    throw new OpsFluxError('conflict', `This root ${next.signed.version} is not the one that was drafted here last (root.draft.json), so more may be changed than was asked for. Have the last draft signed, or remove it if this one is meant.`)
  }
}

/**
 * Everything that is signed for the keys of both roots stays good in the moment at which the new root appears. Where an old key
 * is lost that cannot be; then hosts wait for the blink between two writes.
 */
async function prepare(repository: Repository, current: Metadata<Root> | undefined, next: Metadata<Root>, rotated: readonly OnlineRole[]): Promise<void> {
  const { store, now } = repository
  for (const role of current ? rotated : onlineRoles) {
    if ((await trustedKeysAtHand(store, role, [next])).length === 0) throw strangeKey(role)
  }
  if (!current || rotated.length === 0) return
  const old = await Promise.all(rotated.map((role) => trustedKeysAtHand(store, role, [current])))
  if (old.some((keys) => keys.length === 0)) return
  const both = new Repository(store.home, now, { broughtKeys: store.broughtKeys, upcomingRoot: next })
  const state = await both.genuineState()
  const files: RoleFile[] = []
  if (rotated.includes('targets')) {
    const version = state.targets.signed.version + 1
    files.push({ role: 'targets', version, bytes: await both.sign('targets', new Metadata(Targets.fromJSON({ ...state.targets.signed.toJSON(), version }))) })
  }
  await both.commit(state, files)
}

function changedRoles(current: Metadata<Root>, next: Metadata<Root>): OnlineRole[] {
  const [before, after] = [readRootContent(current).online, readRootContent(next).online]
  return onlineRoles.filter((role) => before[role].keyid !== after[role].keyid)
}

function strangeKey(role: OnlineRole): OpsFluxError {
  const next = role === 'targets' ? 'Bring it with --targets-key, or make a draft' : 'Make a draft'
  return new OpsFluxError('not-ready', `The root trusts a ${role} key that is not here, so the registry could not sign any more. ${next} with a key that is: \`opsflux registry rotate ${role}\`.`)
}
