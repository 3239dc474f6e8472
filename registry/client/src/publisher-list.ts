import { canonicalize } from '@tufjs/canonical-json'
import type { Metadata, TargetFile, Targets } from '@tufjs/models'
import {
  archiveNameOf, archiveRoleOf, buildPublisher, encodeMetadata, isHalfSpent, keyIdOf, maxArchives, maxTargetsPerRole, parseExpiry, parseTargets, publicKeyOf,
  revocationsOf, secondsAfter, signMetadata, verifyBytes, type Revocation,
} from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { untrusted } from './faults.ts'
import { archivesOf } from './trusted-state.ts'

// A publisher that is silent for a year has to sign again for its releases to be offered on.
const lifetimeSeconds = 365 * 86_400
/** Moved at once when a role is full, so that not every release after that writes two roles. */
const movedAtOnce = maxTargetsPerRole / 2

/** Who signs, and whose signatures on the list as it is are taken for its own. */
export interface Signer {
  name: string
  prefixes: readonly string[]
  privateKeyPem: string
  /** Public keys, the signer's own among them. */
  accepted: readonly string[]
}

/** All that a publisher has signed: its role and the archives of its older releases. */
export class PublisherList {
  readonly #version: number
  readonly #current: readonly TargetFile[]
  readonly #archives: readonly Metadata<Targets>[]
  /** All of them, wherever they are listed. */
  readonly releases: readonly TargetFile[]
  readonly revoked: readonly Revocation[]

  /**
   * Only what this publisher signed is signed on top of: a stolen registry must not slip releases into a list that its
   * publisher then signs. @throws untrusted-release
   */
  constructor({ accepted, name }: Signer, role: Buffer | undefined, archives: readonly Buffer[]) {
    const own = role && signedList(role, accepted)
    this.#archives = archives.map((bytes) => signedList(bytes, accepted))
    const names = own ? archivesOf(name, own.signed) : []
    if (names.length !== archives.length || this.#archives.some(({ signed }, at) => archiveNameOf(signed) !== names[at])) throw untrusted('The registry does not answer all archives of this publisher, so its list was not signed again.')
    this.#version = own?.signed.version ?? 0
    this.#current = Object.values(own?.signed.targets ?? {})
    this.releases = [...this.#current, ...this.#archives.flatMap(({ signed }) => Object.values(signed.targets))]
    this.revoked = own ? revocationsOf(own.signed) : []
  }

  /** The next version of the list, and of those archives that change or were signed long ago or with another key. @throws conflict when no archive is free */
  signed({ added = [], revoked = this.revoked }: { added?: readonly TargetFile[]; revoked?: readonly Revocation[] }, signer: Signer): SignedList {
    const now = new Date()
    const publicKey = publicKeyOf(signer.privateKeyPem)
    const expires = secondsAfter(now, lifetimeSeconds)
    const { kept, contents } = this.#divided([...this.#current, ...added])
    const archives = new Map<string, Buffer>()
    for (const [at, releases] of contents.entries()) {
      const before = this.#archives[at]
      const isFresh = before && Object.keys(before.signed.targets).length === releases.length && isSignedWith(before, publicKey) && !isHalfSpent(parseExpiry(before.signed.expires) ?? now, lifetimeSeconds, now)
      if (isFresh) continue
      const role = archiveRoleOf(signer.name, at + 1)
      archives.set(role, encodeMetadata(signMetadata(buildPublisher({ version: (before?.signed.version ?? 0) + 1, expires, releases, role }), [signer.privateKeyPem])))
    }
    const publisher = { name: signer.name, prefixes: signer.prefixes, publicKeys: [publicKey] }
    const role = buildPublisher({ version: this.#version + 1, expires, releases: kept, revoked, archives: { publisher, count: contents.length } })
    return { role: encodeMetadata(signMetadata(role, [signer.privateKeyPem])), archives }
  }

  #divided(releases: readonly TargetFile[]): { kept: readonly TargetFile[]; contents: TargetFile[][] } {
    const contents = this.#archives.map(({ signed }) => Object.values(signed.targets))
    if (releases.length <= maxTargetsPerRole) return { kept: releases, contents }
    const oldestFirst = releases.toSorted((one, other) => publishedAt(one).localeCompare(publishedAt(other)))
    const moved = oldestFirst.splice(0, releases.length - maxTargetsPerRole - 1 + movedAtOnce)
    for (const release of moved) {
      const last = contents.at(-1)
      if (last && last.length < maxTargetsPerRole) last.push(release)
      else contents.push([release])
    }
    if (contents.length > maxArchives) throw new OpsFluxError('conflict', `A publisher has at most ${(maxArchives + 1) * maxTargetsPerRole} releases, and these would be more. Publish under another publisher's name.`)
    return { kept: oldestFirst, contents }
  }
}

export interface SignedList {
  role: Buffer
  /** By role; only those that are new or signed anew. */
  archives: ReadonlyMap<string, Buffer>
}

function signedList(bytes: Buffer, accepted: readonly string[]): Metadata<Targets> {
  const metadata = parseTargets(bytes)
  if (!accepted.some((key) => isSignedWith(metadata, key))) throw untrusted('The list of releases that the registry answers was not signed with this key, so it was not signed again. After a change of key, name the public key of before.')
  return metadata
}

function isSignedWith({ signed, signatures }: Metadata<Targets>, publicKey: string): boolean {
  const signature = signatures[keyIdOf(publicKey)]
  return signature !== undefined && verifyBytes(publicKey, Buffer.from(canonicalize(signed.toJSON())), signature.sig)
}

function publishedAt({ custom }: TargetFile): string {
  return String(custom['publishedAt'])
}
