import type { Targets } from '@tufjs/models'
import { parseExpiry, prefixOfPattern, publisherOfRole, readRelease } from '@opsflux/registry-metadata'
import type { PublicKey } from '@opsflux/registry-metadata'
import type { OpsFluxError } from '@opsflux/sdk'

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

/** A publisher the registry's targets role delegates to. */
export interface TrustedPublisher {
  name: string
  prefixes: string[]
  keys: PublicKey[]
  releases: Release[]
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
    return [{ name, prefixes, keys, releases: [] }]
  })
}

/** The targets of a verified publisher's role that are releases; others, and ids that are not the publisher's, are left out. */
export function releasesOf(publisher: string, targets: Targets, owns: (id: string) => boolean): Release[] {
  return Object.values(targets.targets).flatMap((target) => {
    const entry = readRelease(target)
    if (typeof entry === 'string' || !owns(entry.id)) return []
    return [{ ...entry, publisher, publishedAt: entry.publishedAt.toISOString() }]
  })
}

/** The first of some expiry texts; anything unreadable has run out already. */
export function earliestExpiry(...texts: string[]): Date {
  return new Date(Math.min(...texts.map((text) => parseExpiry(text)?.getTime() ?? 0)))
}
