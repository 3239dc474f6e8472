import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buildRelease, keyIdOf, publicKeyOf } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { revoked } from './faults.ts'
import { openPackage } from './package/open-package.ts'
import { checkSignature } from './package/signature.ts'
import { PublisherApi, type SigningOptions } from './publisher-api.ts'

export interface PublishOptions extends SigningOptions {
  /** A signed package. */
  packagePath: string
}

/**
 * Adds a release to the publisher's role, signed here with the publisher's key, and uploads both. When the role is full, its oldest
 * releases move to an archive role. A release that is there already with the same content is left as it is.
 * @throws untrusted-release, package-refused, conflict, release-revoked, registry-unreachable
 */
export async function publishRelease(options: PublishOptions): Promise<{ id: string; version: string; digest: string; published: boolean }> {
  const opened = await openPackage(options.packagePath)
  const publicKey = publicKeyOf(options.privateKeyPem)
  checkSignature(opened, [{ keyid: keyIdOf(publicKey), publicKey }])
  const { id, version, sdk } = opened.plugin
  const bytes = await readFile(options.packagePath)
  const { digest } = opened
  if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new OpsFluxError('package-refused', 'The package was changed while it was read. Try again.')
  const api = new PublisherApi(options)
  const published = await api.change(async (list, signer) => {
    const taken = list.revoked.find((revocation) => revocation.id === id && revocation.version === version)
    if (taken) throw revoked({ ...taken, by: 'publisher' })
    const release = buildRelease({ id, version, sdk, digest, size: bytes.length, publishedAt: new Date() })
    const same = list.releases.find((target) => target.path === release.path)
    if (same?.hashes['sha256'] === digest) return undefined
    if (same) throw new OpsFluxError('conflict', `${id} ${version} is published already with another content. Releases never change: publish it under a new version.`)
    const signed = list.signed({ added: [release] }, signer)
    await api.upload(bytes)
    return signed
  })
  return { id, version, digest, published }
}

/**
 * Signs the publisher's list anew, as it is: to prolong it, or after a change of key (with the key of before among `otherPublicKeyPems`).
 * @throws untrusted-release, conflict, registry-unreachable
 */
export async function signReleasesAgain(options: SigningOptions): Promise<void> {
  await new PublisherApi(options).change((list, signer) => Promise.resolve(list.signed({}, signer)))
}
