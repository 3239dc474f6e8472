import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { canonicalize } from '@tufjs/canonical-json'
import type { Targets } from '@tufjs/models'
import { buildPublisher, buildRelease, encodeMetadata, keyIdOf, parseTargets, publicKeyOf, secondsAfter, signMetadata, verifyBytes } from '@opsflux/registry-metadata'
import { isOpsFluxError, OpsFluxError, type ErrorCode, type Problem } from '@opsflux/sdk'
import { untrusted, unreachable } from './faults.ts'
import { openPackage } from './package/open-package.ts'
import { checkSignature } from './package/signature.ts'

export interface PublishOptions {
  registryUrl: string
  /** A signed package. */
  packagePath: string
  publisher: string
  privateKeyPem: string
}

// A publisher that is silent for a year has to sign again for its releases to be offered on.
const lifetimeSeconds = 365 * 86_400
const attempts = 5

/**
 * Adds a release to the publisher's role, signed here with the publisher's key, and uploads both.
 * A release that is there already with the same content is left as it is.
 * @throws untrusted-release, package-refused, conflict, registry-unreachable
 */
export async function publishRelease(options: PublishOptions): Promise<{ id: string; version: string; digest: string; published: boolean }> {
  const url = options.registryUrl.replace(/\/+$/, '')
  const opened = await openPackage(options.packagePath)
  const publicKey = publicKeyOf(options.privateKeyPem)
  checkSignature(opened, [{ keyid: keyIdOf(publicKey), publicKey }])
  const { id, version, sdk } = opened.plugin
  const bytes = await readFile(options.packagePath)
  const { digest } = opened
  if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new OpsFluxError('package-refused', 'The package was changed while it was read. Try again.')
  for (let attempt = 1; ; attempt += 1) {
    const known = await send<{ metadata: object | null }>('GET', `${url}/api/publishers/${encodeURIComponent(options.publisher)}`)
    const role = known.metadata ? ownRole(Buffer.from(JSON.stringify(known.metadata)), publicKey) : undefined
    const before = Object.values(role?.targets ?? {})
    const release = buildRelease({ id, version, sdk, digest, size: bytes.length, publishedAt: new Date() })
    const same = before.find((target) => target.path === release.path)
    if (same?.hashes['sha256'] === digest) return { id, version, digest, published: false }
    if (same) throw new OpsFluxError('conflict', `${id} ${version} is published already with another content. Releases never change: publish it under a new version.`)
    const metadata = signMetadata(buildPublisher({ version: (role?.version ?? 0) + 1, expires: secondsAfter(new Date(), lifetimeSeconds), releases: [...before, release] }), [options.privateKeyPem])
    await send('PUT', `${url}/api/uploads/${digest}`, bytes, 'application/gzip')
    try {
      await send('POST', `${url}/api/publishers/${encodeURIComponent(options.publisher)}/releases`, Buffer.from(JSON.stringify({ metadata: JSON.parse(encodeMetadata(metadata).toString()) as unknown })), 'application/json')
      return { id, version, digest, published: true }
    } catch (error) {
      // Somebody published in between: sign on top of that.
      if (!isOpsFluxError(error) || error.code !== 'conflict' || attempt === attempts) throw error
    }
  }
}

/**
 * What this publisher signed last. Only that is signed on top of: a stolen registry must not slip releases
 * into a list that its publisher then signs. After a change of key the registry's operator signs it over first.
 */
function ownRole(bytes: Buffer, publicKey: string): Targets {
  const metadata = parseTargets(bytes)
  const signature = metadata.signatures[keyIdOf(publicKey)]
  const isOwn = signature !== undefined && verifyBytes(publicKey, Buffer.from(canonicalize(metadata.signed.toJSON())), signature.sig)
  if (!isOwn) throw untrusted('The list of releases that the registry answers was not signed with this key, so it was not signed again.')
  return metadata.signed
}

async function send<T>(method: string, url: string, body?: Buffer, type?: string): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, { method, redirect: 'error', signal: AbortSignal.timeout(60_000), ...(body ? { body: new Uint8Array(body), headers: { 'content-type': type ?? 'application/octet-stream' } } : {}) })
  } catch (cause) {
    throw unreachable(url, 'it does not answer', cause)
  }
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer as T
  const problem = answer as Partial<Problem> | undefined
  if (typeof problem?.code === 'string') throw new OpsFluxError(problem.code as ErrorCode, problem.detail ?? problem.code)
  throw unreachable(url, `it answered ${response.status}`)
}
