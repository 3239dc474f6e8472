import { Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models'
import { createHash } from 'node:crypto'
import type { Json } from '@opsflux/sdk'
import { formatExpiry } from './dates.ts'
import { tufKeyOf } from './keys.ts'
import { archiveRoleOf, pathPatternOf, roleNameOf, targetPathOf } from './names.ts'
import { writeRevocations, type Revocation } from './revocations.ts'

const specVersion = '1.0.31'
/** Where an archive says which one it is. */
const roleField = 'x-opsflux-role'
export const topLevelRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const
export type TopLevelRole = (typeof topLevelRoles)[number]

interface Header {
  version: number
  expires: Date
}

/** Public keys (PEM or hexadecimal) of each role, and how many of them must sign. Default 1. */
export type RootKeys = Record<TopLevelRole, { publicKeys: readonly string[]; threshold?: number }>

export function buildRoot({ version, expires, keys }: Header & { keys: RootKeys }): Metadata<Root> {
  const all = topLevelRoles.flatMap((role) => keys[role].publicKeys.map((key) => tufKeyOf(key)))
  return new Metadata(Root.fromJSON({
    spec_version: specVersion, version, expires: formatExpiry(expires), consistent_snapshot: true,
    keys: Object.fromEntries(all.map((key) => [key.keyID, key.toJSON()])),
    roles: Object.fromEntries(topLevelRoles.map((role) => [
      role, { keyids: keys[role].publicKeys.map((key) => tufKeyOf(key).keyID), threshold: keys[role].threshold ?? 1 },
    ])),
  }))
}

/** A publisher as the targets role delegates to it. */
export interface Delegation {
  name: string
  prefixes: readonly string[]
  publicKeys: readonly string[]
}

/** The top-level targets role: it lists no releases itself, it says who may, and which must not run any more. @throws invalid-request */
export function buildTargets({ version, expires, publishers, revoked }: Header & { publishers: readonly Delegation[]; revoked?: readonly Revocation[] }): Metadata<Targets> {
  return new Metadata(Targets.fromJSON({
    spec_version: specVersion, version, expires: formatExpiry(expires), targets: {}, ...writeRevocations(revoked),
    delegations: delegationsTo(publishers, ({ name }) => [roleNameOf(name)], true),
  }))
}

/** A release as its publisher lists it. `sdk` is the semver range of SDK versions it runs on. */
export interface ReleaseEntry {
  id: string
  version: string
  sdk: string
  /** SHA-256 of the package, hexadecimal. */
  digest: string
  size: number
  publishedAt: Date
}

export function buildRelease({ id, version, sdk, digest, size, publishedAt }: ReleaseEntry): TargetFile {
  return new TargetFile({
    path: targetPathOf(id, version), length: size, hashes: { sha256: digest },
    unrecognizedFields: { custom: { id, version, sdk, publishedAt: formatExpiry(publishedAt) } },
  })
}

export interface PublisherContent extends Header {
  releases: readonly TargetFile[]
  /** Of its own releases, wherever they are listed. */
  revoked?: readonly Revocation[]
  /** How many archive roles hold its older releases, 0 by default; they are signed with the publisher's keys. */
  archives?: { publisher: Delegation; count: number }
  /** Of an archive: its role. It is signed with the rest, so that whoever serves the files cannot swap one for another. */
  role?: string
}

/** A publisher's role or one of its archives, unsigned. @throws invalid-request */
export function buildPublisher({ version, expires, releases, revoked, archives, role: name }: PublisherContent): Metadata<Targets> {
  const role = Targets.fromJSON({
    spec_version: specVersion, version, expires: formatExpiry(expires), targets: {}, ...writeRevocations(revoked), ...(name === undefined ? {} : { [roleField]: name }),
    ...(archives && archives.count > 0 ? { delegations: archiveDelegations(archives.publisher, archives.count) } : {}),
  })
  for (const release of releases) role.addTarget(release)
  return new Metadata(role)
}

/** The role that metadata says it is: an archive's name, undefined for all other roles. */
export function archiveNameOf(targets: Targets): Json | undefined {
  return targets.unrecognizedFields[roleField] as Json | undefined
}

// Not terminating: a release that the first archive does not list is looked for in the next.
function archiveDelegations(publisher: Delegation, count: number): { [field: string]: Json } {
  return delegationsTo([publisher], () => Array.from({ length: count }, (_, at) => archiveRoleOf(publisher.name, at + 1)), false)
}

function delegationsTo(publishers: readonly Delegation[], rolesOf: (publisher: Delegation) => string[], terminating: boolean): { [field: string]: Json } {
  const keys = publishers.flatMap((publisher) => publisher.publicKeys.map((key) => tufKeyOf(key)))
  return {
    keys: Object.fromEntries(keys.map((key) => [key.keyID, key.toJSON() as Json])),
    roles: publishers.flatMap((publisher) => rolesOf(publisher).map((name) => ({
      name, terminating, threshold: 1, keyids: publisher.publicKeys.map((key) => tufKeyOf(key).keyID), paths: publisher.prefixes.map(pathPatternOf),
    }))),
  }
}

/** What snapshot and timestamp say of a file: version, length and SHA-256. */
export function describeFile(version: number, bytes: Uint8Array): MetaFile {
  return new MetaFile({ version, length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('hex') } })
}

/** `files` by role name, without `.json`. */
export function buildSnapshot({ version, expires, files }: Header & { files: Readonly<Record<string, MetaFile>> }): Metadata<Snapshot> {
  const meta = Object.fromEntries(Object.entries(files).map(([role, file]) => [`${role}.json`, file]))
  return new Metadata(new Snapshot({ specVersion, version, expires: formatExpiry(expires), meta }))
}

export function buildTimestamp({ version, expires, snapshot }: Header & { snapshot: MetaFile }): Metadata<Timestamp> {
  return new Metadata(new Timestamp({ specVersion, version, expires: formatExpiry(expires), snapshotMeta: snapshot }))
}
