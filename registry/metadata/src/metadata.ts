import { Metadata, MetadataKind, Signature } from '@tufjs/models'
import type { Root, Snapshot, Targets, Timestamp } from '@tufjs/models'
import { OpsFluxError } from '@opsflux/sdk'
import type { Json } from '@opsflux/sdk'
import { parseExpiry } from './dates.ts'
import { keyIdOf, publicKeyOf, signBytes } from './keys.ts'

export type AnyMetadata = Metadata<Root> | Metadata<Targets> | Metadata<Snapshot> | Metadata<Timestamp>

/** Bytes of metadata that are longer are refused unread. */
export const maxMetadataBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 2_000_000 } as const
/** Reading a role slows with the square of its targets: 500 take 43 ms, 4,000 take 6.5 s. */
export const maxTargetsPerRole = 500

/** Replaces the signatures by one of each private key. @throws invalid-request */
export function signMetadata<M extends AnyMetadata>(metadata: M, privateKeyPems: readonly string[]): M {
  metadata.signatures = {}
  for (const pem of privateKeyPems) {
    metadata.sign((bytes) => new Signature({ keyID: keyIdOf(publicKeyOf(pem)), sig: signBytes(pem, bytes) }))
  }
  return metadata
}

/** The bytes that are stored and served. */
export function encodeMetadata(metadata: AnyMetadata): Buffer {
  return Buffer.from(`${JSON.stringify(metadata.toJSON())}\n`)
}

export const parseRoot = (bytes: Uint8Array): Metadata<Root> => Metadata.fromJSON(MetadataKind.Root, checkedJson(bytes, 'root'))
export const parseTargets = (bytes: Uint8Array): Metadata<Targets> => Metadata.fromJSON(MetadataKind.Targets, checkedJson(bytes, 'targets'))
export const parseSnapshot = (bytes: Uint8Array): Metadata<Snapshot> => Metadata.fromJSON(MetadataKind.Snapshot, checkedJson(bytes, 'snapshot'))
export const parseTimestamp = (bytes: Uint8Array): Metadata<Timestamp> => Metadata.fromJSON(MetadataKind.Timestamp, checkedJson(bytes, 'timestamp'))

/**
 * What the library lets pass is refused here: expiry dates of another form, versions that are no whole
 * numbers, roles with too many targets. Signatures are not looked at.
 * @throws untrusted-release
 */
export function checkMetadata(bytes: Uint8Array, kind: keyof typeof maxMetadataBytes): void {
  checkedJson(bytes, kind)
}

function checkedJson(bytes: Uint8Array, kind: keyof typeof maxMetadataBytes): { [key: string]: Json } {
  if (bytes.length > maxMetadataBytes[kind]) throw malformed(kind, `it is longer than ${maxMetadataBytes[kind]} bytes`)
  const data = readJson(bytes, kind)
  const signed = isRecord(data) && isRecord(data.signed) ? data.signed : undefined
  if (!isRecord(data) || !signed) throw malformed(kind, 'it has no signed part')
  if (signed._type !== kind) throw malformed(kind, `it says it is ${String(signed._type)}`)
  if (!Number.isSafeInteger(signed.version) || Number(signed.version) < 1) throw malformed(kind, 'its version is not a whole number from 1')
  if (!parseExpiry(signed.expires)) throw malformed(kind, 'its expiry is not a date of the form 2026-01-31T23:59:59Z')
  if (isRecord(signed.targets) && Object.keys(signed.targets).length > maxTargetsPerRole) throw malformed(kind, `it lists more than ${maxTargetsPerRole} releases`)
  return data
}

function readJson(bytes: Uint8Array, kind: string): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw malformed(kind, 'it is not JSON', cause)
  }
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(kind: string, why: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('untrusted-release', `The ${kind} metadata is refused: ${why}. Check the address of the registry, or tell whoever runs it.`, { cause })
}
