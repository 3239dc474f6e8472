import type { Metadata, TargetFile, Targets } from '@tufjs/models'
import { archiveNameOf, archiveRoleOf, maxArchives, parseTargets, revocationField, roleNameOf } from '@opsflux/registry-metadata'
import type { Publisher } from './publishers.ts'
import { untrusted } from './release-checks.ts'
import type { Repository, RepositoryState } from './repository.ts'

/** Beside those of TUF; the library counts the type among them. */
const knownFields = ['_type', revocationField]

/** A publisher's role with the archives of its older releases, by role name. */
export interface PublisherRoles {
  main: Metadata<Targets>
  archives: ReadonlyMap<string, Metadata<Targets>>
}

/** What is offered now; undefined when the publisher has published nothing. */
export async function currentRoles(repository: Repository, state: RepositoryState, publisher: string): Promise<PublisherRoles | undefined> {
  const file = await repository.publisherFile(state, publisher)
  if (!file) return undefined
  const main = parseTargets(file)
  const archives = new Map<string, Metadata<Targets>>()
  for (const role of Object.keys(main.signed.delegations?.roles ?? {})) {
    const bytes = await repository.roleFile(state, role)
    if (bytes) archives.set(role, parseTargets(bytes))
  }
  return { main, archives }
}

/** Every target of every role. @throws untrusted-release when two roles list the same path */
export function allTargets(roles: PublisherRoles | undefined): Map<string, TargetFile> {
  const all = new Map<string, TargetFile>()
  for (const { signed } of roles ? [roles.main, ...roles.archives.values()] : []) {
    for (const [path, target] of Object.entries(signed.targets)) {
      if (all.has(path)) throw untrusted(`The path ${path} is listed twice.`)
      all.set(path, target)
    }
  }
  return all
}

/**
 * The role as it would be, with the archives it delegates to: those handed in, and the others as they are. All of them must be signed
 * with a key that the publisher has now. @throws untrusted-release
 */
export function nextRoles(targets: Metadata<Targets>, publisher: Publisher, before: PublisherRoles | undefined, main: Metadata<Targets>, handedIn: PublisherRoles['archives']): PublisherRoles {
  const names = delegatedArchives(publisher, main.signed)
  if (names.length < (before?.archives.size ?? 0)) throw untrusted('The metadata leaves out an archive.')
  const stray = [...handedIn.keys()].find((role) => !names.includes(role))
  if (stray !== undefined) throw untrusted('An archive is handed in that the metadata does not delegate to.')
  const archives = new Map<string, Metadata<Targets>>()
  for (const role of names) {
    const archive = handedIn.get(role) ?? before?.archives.get(role)
    if (!archive) throw untrusted(`The archive ${role} is missing.`)
    if (archiveNameOf(archive.signed) !== role || archive.signed.delegations) throw untrusted(`The archive ${role} does not say that it is this archive, or delegates to others.`)
    checkArchiveSigned(targets, publisher, main, role, archive)
    archives.set(role, archive)
  }
  return { main, archives }
}

// Archives of the publisher itself and nothing else, with no keys but its own.
function delegatedArchives({ name, keys }: Publisher, { delegations, unrecognizedFields }: Targets): string[] {
  if (Object.keys(unrecognizedFields).some((field) => !knownFields.includes(field))) throw untrusted('The metadata has fields that are not known.')
  if (!delegations) return []
  const roles = Object.values(delegations.roles ?? {})
  const isOwn = !delegations.succinctRoles && roles.length > 0 && roles.length <= maxArchives
    && roles.every((role, at) => role.name === archiveRoleOf(name, at + 1) && !role.terminating && role.threshold === 1 && role.paths !== undefined)
    && Object.keys(delegations.keys).every((keyid) => keys.some((key) => key.keyid === keyid))
  if (!isOwn) throw untrusted('A publisher cannot delegate to others: only to archives of its own, with its own keys.')
  return roles.map((role) => role.name)
}

function checkArchiveSigned(targets: Metadata<Targets>, { name }: Publisher, main: Metadata<Targets>, role: string, archive: Metadata<Targets>): void {
  try {
    main.verifyDelegate(role, archive)
    targets.verifyDelegate(roleNameOf(name), archive)
  } catch (error) {
    throw untrusted(`The archive ${role} is not signed with a key of the publisher ${name}.`, error)
  }
}
