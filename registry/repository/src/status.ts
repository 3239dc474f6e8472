import { parseTargets, roleNameOf, topLevelRoles, type TopLevelRole } from '@opsflux/registry-metadata'
import { describeDraft, type DraftDescription } from './describe-root.ts'
import { readWaitingDraft } from './draft-root.ts'
import { publishersOf } from './publishers.ts'
import { dueRoles } from './renewal.ts'
import type { Repository, RepositoryState } from './repository.ts'
import { onlineRoles, trustedKeysAtHand, waitingPublicKey, type OnlineRole } from './role-keys.ts'
import { readRootContent, type RootContent } from './root-content.ts'

export interface RoleStatus {
  role: TopLevelRole
  version: number
  /** RFC 3339. */
  expires: string
  keys: { keyid: string; name?: string }[]
  threshold: number
  /** How many of its private keys lie on this machine. */
  keysHere: number
  /** Half of its life is over, or it is signed with a key that is not trusted any more. */
  isDue: boolean
}

export interface PublisherStatus {
  name: string
  prefixes: string[]
  keyids: string[]
  /** Of what it signed last; undefined when it has published nothing. */
  version?: number
  expires?: string
  releases?: number
  /** False when what it signed last was signed with a key that it may not use any more: nothing of it is offered. */
  isOffered: boolean
}

export interface RegistryStatus {
  /** False while the first root waits for signatures. */
  isReady: boolean
  roles: RoleStatus[]
  publishers: PublisherStatus[]
  /** Roles whose next key waits for a root. */
  waitingKeys: OnlineRole[]
  draft?: DraftDescription
  /** What is to be done, in words. */
  due: string[]
}

/** What a registry is made of, until when it holds, and what is to be done. @throws not-ready */
export async function registryStatus(repository: Repository): Promise<RegistryStatus> {
  const { store } = repository
  const waiting = await readWaitingDraft(store)
  const draft = waiting && describeDraft(waiting)
  const waitingKeys: OnlineRole[] = []
  for (const role of onlineRoles) if (await waitingPublicKey(store, role) !== undefined) waitingKeys.push(role)
  if (draft && !await repository.isInitialised()) return { isReady: false, roles: [], publishers: [], waitingKeys, draft, due: [draftInOneLine(draft)] }
  const state = await repository.state()
  const roles = await Promise.all(topLevelRoles.map((role) => roleStatus(repository, state, role)))
  const publishers = await Promise.all(publishersOf(state.targets.signed).map(({ name, prefixes, keys }) => publisherStatus(repository, state, { name, prefixes, keyids: keys.map(({ keyid }) => keyid) })))
  const due = [
    ...roles.filter(({ isDue }) => isDue).map(dueInWords),
    ...(draft ? [draftInOneLine(draft)] : waitingKeys.map((role) => `A new ${role} key waits, and no draft would bring it into force. Run \`opsflux registry rotate ${role}\` again.`)),
    ...roles.filter(({ role, threshold, keysHere }) => role === 'root' && keysHere >= threshold).map(() => 'Enough root keys lie on this machine to replace every key: fit for development only. Replace them with keys that holders keep elsewhere.'),
    ...publishers.filter(({ isOffered }) => !isOffered).map(({ name }) => `Nothing of the publisher ${name} is offered: what it signed last was signed with a key that it may not use any more. It has to publish again with a key it has.`),
  ]
  return { isReady: true, roles, publishers, waitingKeys, ...(draft ? { draft } : {}), due }
}

async function roleStatus({ store, now }: Repository, state: RepositoryState, role: TopLevelRole): Promise<RoleStatus> {
  const content = readRootContent(state.root)
  const { signed } = state[role]
  return {
    role, version: signed.version, expires: signed.expires, ...keysOf(content, role),
    keysHere: (await trustedKeysAtHand(store, role, [state.root])).length, isDue: dueRoles(now(), state).includes(role),
  }
}

function keysOf(content: RootContent, role: TopLevelRole): Pick<RoleStatus, 'keys' | 'threshold'> {
  if (role !== 'root') return { keys: [{ keyid: content.online[role].keyid }], threshold: 1 }
  return { keys: content.rootKeys.map(({ keyid, name }) => ({ keyid, ...(name === undefined ? {} : { name }) })), threshold: content.threshold }
}

async function publisherStatus(repository: Repository, state: RepositoryState, publisher: Pick<PublisherStatus, 'name' | 'prefixes' | 'keyids'>): Promise<PublisherStatus> {
  const file = await repository.publisherFile(state, publisher.name)
  if (!file) return { ...publisher, isOffered: true }
  const role = parseTargets(file)
  const { version, expires, targets } = role.signed
  return { ...publisher, version, expires, releases: Object.keys(targets).length, isOffered: isDelegated(state, publisher.name, role) }
}

function isDelegated({ targets }: RepositoryState, publisher: string, role: ReturnType<typeof parseTargets>): boolean {
  try {
    targets.verifyDelegate(roleNameOf(publisher), role)
    return true
  } catch {
    return false
  }
}

function dueInWords({ role, expires, keysHere }: RoleStatus): string {
  if (role === 'root') return `The root holds until ${expires} and more than half of its life is over: draft the next one (\`opsflux registry root draft\`) and have it signed.`
  const how = keysHere > 0 ? 'the server does it within ten minutes, or `opsflux registry renew` now' : role === 'targets' ? 'run `opsflux registry renew` with --targets-key' : `its key is lost: run \`opsflux registry rotate ${role}\``
  return `${role} (until ${expires}) is to be signed anew: ${how}.`
}

function draftInOneLine({ version, missing }: DraftDescription): string {
  const wanted = missing.before + missing.after === 0 ? 'has enough signatures' : 'waits for signatures'
  return `A draft of root ${version} ${wanted} (root.draft.json). See it with \`opsflux registry root show\`, bring it into force with \`opsflux registry root apply\`.`
}
