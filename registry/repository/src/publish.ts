import { access } from 'node:fs/promises'
import { moveInto } from '@opsflux/registry-client'
import type { Metadata, Targets } from '@tufjs/models'
import { encodeMetadata, parseTargets, revocationsOf, roleNameOf, type ReleaseEntry } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import { allTargets, currentRoles, nextRoles, type PublisherRoles } from './publisher-roles.ts'
import { publisherNamed, type Publisher } from './publishers.ts'
import { addedReleases, checkExpiry, checkPackage, checkVersion, untrusted } from './release-checks.ts'
import type { Repository, RoleFile } from './repository.ts'
import { checkNotRevoked, checkRevocations } from './revocation-checks.ts'
import { forgetUpload, readUploadedRole } from './uploads.ts'

/** What a publisher hands in: its signed role, and the digests of uploaded archives by role. */
export interface HandedIn {
  metadata: Json
  archives?: ReadonlyMap<string, string>
}

/**
 * Takes a publisher's next role, with its archives in the same commit: what they list anew must have been uploaded before. Releases
 * are for good, so everything that was listed must still be, in one of them; so are revocations.
 * @throws not-found, untrusted-release, package-refused, conflict, release-revoked
 */
export async function acceptRelease(repository: Repository, name: string, { metadata, archives = new Map() }: HandedIn): Promise<{ version: number }> {
  const next = parsed(Buffer.from(JSON.stringify(metadata ?? null)))
  checkSigned((await repository.state()).targets, name, next)
  const handedIn = new Map<string, Metadata<Targets>>()
  for (const [role, digest] of archives) handedIn.set(role, parsed(await readUploadedRole(repository.store, digest)))
  return repository.change(async (state) => {
    const publisher = publisherNamed(state.targets.signed, name)
    // Again, because the key may have been taken away while this one waited.
    checkSigned(state.targets, name, next)
    const before = await currentRoles(repository, state, name)
    const now = repository.now()
    checkHeader(next, before?.main, now)
    for (const [role, archive] of handedIn) checkHeader(archive, before?.archives.get(role), now)
    const after = nextRoles(state.targets, publisher, before, next, handedIn)
    const published = allTargets(after)
    const added = addedReleases(allTargets(before), published, publisher)
    const revoked = revocationsOf(next.signed)
    checkRevocations(before ? revocationsOf(before.main.signed) : [], revoked, publisher, published, now)
    checkNotRevoked(added, [...revoked, ...revocationsOf(state.targets.signed)])
    for (const release of added) await takeArtifact(repository, release, publisher)
    await repository.commit(state, filesOf(name, after, handedIn))
    for (const digest of archives.values()) await forgetUpload(repository.store, digest)
    return { version: next.signed.version }
  })
}

function filesOf(publisher: string, { main }: PublisherRoles, handedIn: PublisherRoles['archives']): RoleFile[] {
  const all: [string, Metadata<Targets>][] = [...handedIn, [roleNameOf(publisher), main]]
  return all.map(([role, metadata]) => ({ role, version: metadata.signed.version, bytes: encodeMetadata(metadata) }))
}

function checkHeader(next: Metadata<Targets>, before: Metadata<Targets> | undefined, now: Date): void {
  checkVersion(next.signed.version, (before?.signed.version ?? 0) + 1)
  checkExpiry(next.signed, now)
}

function parsed(bytes: Buffer): Metadata<Targets> {
  try {
    return parseTargets(bytes)
  } catch (error) {
    if (error instanceof OpsFluxError) throw error
    throw untrusted('The metadata is not that of a publisher.', error)
  }
}

function checkSigned(targets: Metadata<Targets>, name: string, next: Metadata<Targets>): void {
  publisherNamed(targets.signed, name)
  try {
    targets.verifyDelegate(roleNameOf(name), next)
  } catch (error) {
    throw untrusted(`The metadata is not signed with a key of the publisher ${name}.`, error)
  }
}

/** Judges the uploaded package and puts it where it is served from; nobody asks for it there before the role is committed. */
async function takeArtifact({ store }: Repository, release: ReleaseEntry, publisher: Publisher): Promise<void> {
  const served = store.artifactPath(release.id, release.version, release.digest)
  const upload = store.uploadPath(release.digest)
  // It is there already when a crash came between this and the commit.
  const path = await exists(upload) ? upload : served
  if (!await exists(path)) throw new OpsFluxError('package-refused', `The package of ${release.id} ${release.version} was not uploaded. Upload it first.`, { data: { reason: 'not-a-file' } })
  await checkPackage(path, release, publisher)
  if (path === upload) await moveInto(upload, served)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false)
}
