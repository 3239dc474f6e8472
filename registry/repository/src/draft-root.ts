import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { keyIdOf, publicKeyOf } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { FileStore } from './file-store.ts'
import { checkRootDays, defaultRootDays } from './lifetimes.ts'
import type { Repository } from './repository.ts'
import { ensureRoleKey, onlineRoles, waitingPublicKey, type OnlineRole } from './role-keys.ts'
import { holderPattern, readRootContent, rootOf, type HeldKey, type NewRoot } from './root-content.ts'
import { encodeDraft, readDraft, type RootDraft } from './root-draft.ts'
import { withWriteLock } from './write-lock.ts'

export interface FirstRoot {
  rootKeys: readonly HeldKey[]
  /** How many of them must sign. */
  threshold: number
  /** Default two years. */
  days?: number
  /** Public PEM of the targets key, when it is kept elsewhere. */
  targetsKey?: string
}

export interface RootChange {
  addKeys?: readonly HeldKey[]
  /** Key ids or names. */
  removeKeys?: readonly string[]
  threshold?: number
  days?: number
  /** Public PEMs of online keys that are kept elsewhere. */
  online?: Partial<Record<OnlineRole, string>>
}

/** Makes the online keys and a first root that waits for signatures. @throws invalid-request, conflict */
export function draftFirstRoot(repository: Repository, first: FirstRoot): Promise<RootDraft> {
  return withWriteLock(repository.store.home, () => writeFirstDraft(repository, first))
}

/** Only within the write lock. */
export async function writeFirstDraft({ store, now }: Repository, { rootKeys, threshold, days = defaultRootDays, targetsKey }: FirstRoot): Promise<RootDraft> {
  if (await store.currentRoot()) throw new OpsFluxError('conflict', 'The repository has a root already. Change it with `opsflux registry root draft`.')
  const online: Partial<Record<OnlineRole, string>> = targetsKey === undefined ? {} : { targets: targetsKey }
  for (const role of onlineRoles) online[role] ??= publicKeyOf(await ensureRoleKey(store, role))
  return writeDraft(store, { chain: [], root: checkedRoot({ version: 1, now: now(), days, threshold, rootKeys, online: online as Record<OnlineRole, string> }) })
}

/** Makes the root that may follow the one in force: changed as asked, with the online keys that wait. @throws invalid-request, conflict, not-ready */
export function draftRoot(repository: Repository, change: RootChange): Promise<RootDraft> {
  return withWriteLock(repository.store.home, () => writeNextDraft(repository, change))
}

/** Only within the write lock. */
export async function writeNextDraft({ store, now }: Repository, change: RootChange): Promise<RootDraft> {
  const chain = await store.roots()
  const current = chain.at(-1)
  if (!current) throw new OpsFluxError('not-ready', 'The repository has no root yet. Make one with `opsflux registry init`.')
  const { version, threshold, rootKeys, online } = readRootContent(current)
  const next: Partial<Record<OnlineRole, string>> = { ...change.online }
  for (const role of onlineRoles) next[role] ??= await waitingPublicKey(store, role) ?? online[role].publicKey
  return writeDraft(store, { chain, root: checkedRoot({
    version: version + 1, now: now(), days: change.days ?? defaultRootDays, threshold: change.threshold ?? threshold,
    rootKeys: changedKeys(rootKeys, change), online: next as Record<OnlineRole, string>,
  }) })
}

/** The draft that waits in the home folder; undefined when there is none that can be read. */
export async function readWaitingDraft(store: FileStore): Promise<RootDraft | undefined> {
  const bytes = await readIfPresent(store.draftPath)
  try {
    return bytes && readDraft(bytes)
  } catch {
    return undefined
  }
}

function changedKeys(current: readonly (HeldKey & { keyid: string })[], { addKeys = [], removeKeys = [] }: RootChange): HeldKey[] {
  const unknown = removeKeys.find((one) => !current.some((key) => isNamed(key, one)))
  if (unknown !== undefined) {
    throw new OpsFluxError('invalid-request', `"${unknown.slice(0, 80)}" is no root key. Those in force are ${current.map(({ name, keyid }) => name ?? keyid).join(', ')}.`)
  }
  const kept = current.filter((key) => !removeKeys.some((one) => isNamed(key, one)))
  const twice = addKeys.find(({ publicKey }) => kept.some(({ keyid }) => keyid === keyIdOf(publicKey)))
  if (twice) throw new OpsFluxError('conflict', `The key ${twice.name ?? keyIdOf(twice.publicKey)} is a root key already. Leave it out.`)
  return [...kept, ...addKeys]
}

function isNamed({ name, keyid }: { name?: string; keyid: string }, text: string): boolean {
  return keyid === text || name === text
}

function checkedRoot(next: NewRoot): RootDraft['root'] {
  checkRootDays(next.days)
  const names = next.rootKeys.flatMap(({ name }) => name ?? [])
  const wrong = names.find((name) => !holderPattern.test(name))
  if (wrong !== undefined) throw new OpsFluxError('invalid-request', `"${wrong.slice(0, 60)}" cannot be the name of a holder. Name the file of the key after its holder, such as amber.public.pem.`)
  if (new Set(names).size < names.length) throw new OpsFluxError('invalid-request', 'Two root keys have the same name. Name each file after its holder, such as amber.public.pem.')
  const keyids = [...next.rootKeys.map(({ publicKey }) => publicKey), ...Object.values(next.online)].map(keyIdOf)
  if (new Set(keyids).size < keyids.length) throw new OpsFluxError('invalid-request', 'One key was given twice, or for two roles. Every holder and every role needs a key of its own.')
  const { length } = next.rootKeys
  if (!Number.isInteger(next.threshold) || next.threshold < 1 || next.threshold > length) {
    throw new OpsFluxError('invalid-request', `${next.threshold} signatures cannot be asked of ${length} root keys. Choose a threshold between 1 and ${length}; 2 of 3 keys is a good choice.`)
  }
  return rootOf(next)
}

async function writeDraft(store: FileStore, draft: RootDraft): Promise<RootDraft> {
  await writeFileAtomic(store.draftPath, encodeDraft(draft))
  return draft
}
