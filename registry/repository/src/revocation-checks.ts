import type { TargetFile } from '@tufjs/models'
import { isInPrefix, isRevokedBy, secondsAfter, targetPathOf, type ReleaseEntry, type Revocation } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { Publisher } from './publishers.ts'
import { untrusted } from './release-checks.ts'

/** How far the clock of a publisher may be ahead. */
const clockSkewSeconds = 300

/**
 * What is revoked stays revoked, word for word; what a publisher adds must be a release of its own.
 * @throws conflict, untrusted-release
 */
export function checkRevocations(before: readonly Revocation[], after: readonly Revocation[], publisher: Publisher, published: ReadonlyMap<string, TargetFile>, now: Date): void {
  for (const known of before) {
    if (!after.some((revocation) => isSame(revocation, known))) throw new OpsFluxError('conflict', `The metadata leaves out or changes that ${known.id} ${known.version} is revoked. Revoked releases stay so: list it as it was.`)
  }
  for (const added of after.filter((revocation) => !before.some((known) => isSame(revocation, known)))) {
    const name = `${added.id} ${added.version}`
    if (!isInPrefix(added.id, publisher.prefixes)) throw untrusted(`${name} is not a release of the publisher ${publisher.name}, which cannot revoke it.`)
    if (published.get(targetPathOf(added.id, added.version))?.hashes['sha256'] !== added.digest) throw untrusted(`${name} with that digest is not published, so it cannot be revoked.`)
    if (added.at > secondsAfter(now, clockSkewSeconds)) throw untrusted(`${name} is revoked from a later time on; revoking counts at once.`)
  }
}

/** A revoked release does not come back, also not under another version. @throws release-revoked */
export function checkNotRevoked(added: readonly ReleaseEntry[], revoked: readonly Revocation[]): void {
  for (const { id, version, digest } of added) {
    if (revoked.some((revocation) => isRevokedBy(revocation, { id, version, digest }))) throw new OpsFluxError('release-revoked', `${id} ${version} was revoked and cannot be published again. Nothing was published. Mend it and publish that under a new version.`)
  }
}

function isSame(one: Revocation, other: Revocation): boolean {
  return one.id === other.id && one.version === other.version && one.digest === other.digest && one.reason === other.reason && one.at.getTime() === other.at.getTime()
}
