import type { Targets } from '@tufjs/models'
import { archiveRoleOf, isInPrefix, maxArchives, parseExpiry, prefixOfPattern, publisherOfRole, readRelease, revocationsOf, roleNameOf } from '@opsflux/registry-metadata'
import type { PublicKey, Revocation as SignedRevocation } from '@opsflux/registry-metadata'
import type { OpsFluxError } from '@opsflux/sdk'
import { untrusted } from './faults.ts'

/** A release that a publisher signed and the registry lists. */
export interface Release {
  id: string
  version: string
  publisher: string
  /** The SDK versions it runs on, as a semver range. */
  sdk: string
  /** SHA-256 of the package, hexadecimal. */
  digest: string
  /** Bytes of the package. */
  size: number
  /** RFC 3339, UTC. */
  publishedAt: string
}

/** A release that must not run any more, and who says so. */
export interface Revocation extends SignedRevocation {
  by: 'registry' | 'publisher'
}

/** A publisher the registry's targets role delegates to. */
export interface TrustedPublisher {
  name: string
  prefixes: string[]
  keys: PublicKey[]
  /** Revoked ones among them. */
  releases: Release[]
  /** Of its own releases. */
  revoked: Revocation[]
  /** Until when its own metadata holds; undefined when it has published nothing yet. */
  expires?: Date
  /** Why its releases are not offered. */
  problem?: OpsFluxError
}

/** What one verified walk through the metadata found. */
export interface TrustedState {
  /** When the first of root, timestamp, snapshot and targets runs out. */
  expires: Date
  publishers: TrustedPublisher[]
  /** By the registry itself. */
  revoked: Revocation[]
}

/** Whose an id is: delegations are terminating, so the first publisher that covers it is the only one (TUF 5.6.7.2.1). */
export function ownerOf(id: string, publishers: readonly TrustedPublisher[]): TrustedPublisher | undefined {
  return publishers.find((publisher) => isInPrefix(id, publisher.prefixes))
}

/** The publishers of the verified targets role, in order, without their releases. */
export function delegatedPublishers({ delegations }: Targets): TrustedPublisher[] {
  return Object.values(delegations?.roles ?? {}).flatMap((role) => {
    const name = publisherOfRole(role.name)
    const prefixes = (role.paths ?? []).map(prefixOfPattern).filter((prefix) => prefix !== undefined)
    if (name === undefined || prefixes.length === 0) return []
    const keys = role.keyIDs.flatMap((keyid) => {
      const key = delegations?.keys[keyid]
      return key?.keyType === 'ed25519' && key.keyVal.public ? [{ keyid, publicKey: key.keyVal.public }] : []
    })
    return [{ name, prefixes, keys, releases: [], revoked: [] }]
  })
}

/**
 * The archive roles that a publisher's role delegates to, in order. A publisher may divide its own list and nothing else.
 * @throws untrusted-release
 */
export function archivesOf(publisher: string, { delegations }: Targets): string[] {
  if (!delegations) return []
  const names = Object.keys(delegations.roles ?? {})
  const isDivided = !delegations.succinctRoles && names.length <= maxArchives && names.every((name, at) => name === archiveRoleOf(publisher, at + 1))
  if (!isDivided) throw untrusted(`The ${roleNameOf(publisher)} metadata of the registry delegates to others than its own archives.`)
  return names
}

/**
 * The targets of a publisher's verified roles that are releases; others, and ids that are not the publisher's, are left out.
 * What two roles list, the first one says.
 */
export function releasesOf(publisher: string, roles: readonly Targets[], owns: (id: string) => boolean): Release[] {
  const releases = new Map<string, Release>()
  for (const target of roles.flatMap(({ targets }) => Object.values(targets))) {
    const entry = readRelease(target)
    if (typeof entry === 'string' || !owns(entry.id) || releases.has(target.path)) continue
    releases.set(target.path, { ...entry, publisher, publishedAt: entry.publishedAt.toISOString() })
  }
  return [...releases.values()]
}

/** What roles revoke of the ids that they may speak of. */
export function revokedIn(roles: readonly Targets[], by: Revocation['by'], owns: (id: string) => boolean): Revocation[] {
  return roles.flatMap(revocationsOf).filter(({ id }) => owns(id)).map((revocation) => ({ ...revocation, by }))
}

/** The first of some expiry texts; anything unreadable has run out already. */
export function earliestExpiry(...texts: string[]): Date {
  return new Date(Math.min(...texts.map((text) => parseExpiry(text)?.getTime() ?? 0)))
}
