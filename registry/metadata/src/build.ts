import { Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models'
import { createHash } from 'node:crypto'
import { formatExpiry } from './dates.ts'
import { tufKeyOf } from './keys.ts'
import { pathPatternOf, roleNameOf, targetPathOf } from './names.ts'

const specVersion = '1.0.31'
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

/** The top-level targets role: it lists no releases itself, it says who may. */
export function buildTargets({ version, expires, publishers }: Header & { publishers: readonly Delegation[] }): Metadata<Targets> {
  const keys = publishers.flatMap((publisher) => publisher.publicKeys.map((key) => tufKeyOf(key)))
  return new Metadata(Targets.fromJSON({
    spec_version: specVersion, version, expires: formatExpiry(expires), targets: {},
    delegations: {
      keys: Object.fromEntries(keys.map((key) => [key.keyID, key.toJSON()])),
      roles: publishers.map((publisher) => ({
        name: roleNameOf(publisher.name), terminating: true, threshold: 1,
        keyids: publisher.publicKeys.map((key) => tufKeyOf(key).keyID),
        paths: publisher.prefixes.map(pathPatternOf),
      })),
    },
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

/** A publisher's role, unsigned. */
export function buildPublisher({ version, expires, releases }: Header & { releases: readonly TargetFile[] }): Metadata<Targets> {
  const targets = Object.fromEntries(releases.map((release) => [release.path, release]))
  return new Metadata(new Targets({ specVersion, version, expires: formatExpiry(expires), targets }))
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
