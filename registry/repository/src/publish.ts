import { access } from 'node:fs/promises'
import { moveInto } from '@opsflux/registry-client'
import type { Metadata, Targets } from '@tufjs/models'
import { encodeMetadata, parseTargets, roleNameOf, type ReleaseEntry } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import { addedReleases, checkExpiry, checkPackage, checkVersion, untrusted } from './release-checks.ts'
import { publisherNamed, type Publisher } from './publishers.ts'
import type { Repository } from './repository.ts'

/**
 * Takes a publisher's next role: what it lists anew must have been uploaded before. Releases are for good, so everything that
 * was listed must still be.
 * @throws not-found, untrusted-release, package-refused, conflict
 */
export async function acceptRelease(repository: Repository, name: string, signed: Json): Promise<{ version: number }> {
  const next = readRole(signed)
  checkSigned((await repository.state()).targets, name, next)
  return repository.change(async (state) => {
    const publisher = publisherNamed(state.targets.signed, name)
    // Again, because the key may have been taken away while this one waited.
    checkSigned(state.targets, name, next)
    const current = await repository.publisherFile(state, name)
    const before = current && parseTargets(current).signed
    checkVersion(next.signed.version, (before?.version ?? 0) + 1)
    checkExpiry(next.signed, repository.now())
    const added = addedReleases(before, next.signed, publisher)
    for (const release of added) await takeArtifact(repository, release, publisher)
    await repository.commit(state, [{ role: roleNameOf(name), version: next.signed.version, bytes: encodeMetadata(next) }])
    return { version: next.signed.version }
  })
}

function readRole(signed: Json): Metadata<Targets> {
  const role = parsed(signed)
  if (role.signed.delegations) throw untrusted('A publisher cannot delegate to others.')
  return role
}

function parsed(signed: Json): Metadata<Targets> {
  const bytes = Buffer.from(JSON.stringify(signed ?? null))
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
