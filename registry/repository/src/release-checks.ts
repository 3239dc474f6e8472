import type { TargetFile, Targets } from '@tufjs/models'
import { checkSignature, openPackage } from '@opsflux/registry-client'
import { isInPrefix, parseExpiry, readRelease, secondsAfter, type ReleaseEntry } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { maxPublisherSeconds } from './lifetimes.ts'
import type { Publisher } from './publishers.ts'

const next = 'Sign it again and publish that.'

export function untrusted(why: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('untrusted-release', `${why} Nothing was published. ${next}`, { cause })
}

/** @throws conflict */
export function checkVersion(offered: number, expected: number): void {
  if (offered !== expected) throw new OpsFluxError('conflict', `Version ${offered} of the publisher's metadata is offered and version ${expected} is next: somebody published in between. Read the current one, add to it and sign it again.`)
}

/** @throws untrusted-release */
export function checkExpiry(role: Targets, now: Date): void {
  const expires = parseExpiry(role.expires)
  if (!expires || expires <= now) throw untrusted('The metadata has expired already.')
  if (expires > secondsAfter(now, maxPublisherSeconds)) throw untrusted('The metadata would hold for more than two years.')
}

/** The releases that are new; both maps are by path. @throws untrusted-release, conflict */
export function addedReleases(before: ReadonlyMap<string, TargetFile>, after: ReadonlyMap<string, TargetFile>, publisher: Publisher): ReleaseEntry[] {
  for (const target of before.values()) {
    const kept = after.get(target.path)
    if (!kept) throw new OpsFluxError('conflict', `The metadata leaves out ${target.path}, which is published. Releases are never taken away: list it as it was.`)
    if (!kept.equals(target)) throw new OpsFluxError('conflict', `The metadata changes ${target.path}, which is published. Releases never change: publish under a new version.`)
  }
  const added = [...after.values()].filter((target) => !before.has(target.path))
  return added.map((target) => {
    const release = readRelease(target)
    if (typeof release === 'string') throw untrusted(`A release is not described as it should be: ${release}.`)
    if (!isInPrefix(release.id, publisher.prefixes)) throw untrusted(`The id "${release.id}" does not belong to the publisher ${publisher.name}, whose ids begin with ${publisher.prefixes.join(' or ')}.`)
    return release
  })
}

/** The file is the package that the release speaks of, whole, safe to open and signed by its publisher. @throws package-refused, untrusted-release */
export async function checkPackage(path: string, release: ReleaseEntry, publisher: Publisher): Promise<void> {
  const opened = await openPackage(path)
  const { id, version, sdk, publisher: claimed } = opened.plugin
  const name = `${release.id} ${release.version}`
  if (opened.digest !== release.digest || opened.size !== release.size) throw untrusted(`The package of ${name} has another size or digest than its metadata says.`)
  if (id !== release.id || version !== release.version) throw untrusted(`The package of ${name} says it is ${id} ${version}.`)
  if (sdk !== release.sdk) throw untrusted(`The package of ${name} is for the SDK ${sdk}; its metadata says ${release.sdk}.`)
  if (claimed !== publisher.name) throw untrusted(`The package of ${name} says its publisher is ${claimed}, not ${publisher.name}.`)
  checkSignature(opened, publisher.keys)
}
