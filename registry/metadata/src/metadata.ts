import { Metadata, MetadataKind, Signature } from '@tufjs/models'
import type { Root, Snapshot, Targets, Timestamp } from '@tufjs/models'
import { OpsFluxError } from '@opsflux/sdk'
import type { Json } from '@opsflux/sdk'
import { readStrictJson } from './json-text.ts'
import { keyIdOf, publicKeyOf, signBytes } from './keys.ts'
import { shapeProblem } from './shape.ts'

export type AnyMetadata = Metadata<Root> | Metadata<Targets> | Metadata<Snapshot> | Metadata<Timestamp>

/** Bytes of metadata that are longer are refused unread. */
export const maxMetadataBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 2_000_000 } as const

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
 * What the library lets pass is refused here: deep JSON, keys that stand twice, expiry dates of another form, versions that are
 * no whole numbers, keys under ids that are not theirs, roles with too many targets. Signatures are not verified.
 * @throws untrusted-release
 */
export function checkMetadata(bytes: Uint8Array, kind: keyof typeof maxMetadataBytes): void {
  checkedJson(bytes, kind)
}

function checkedJson(bytes: Uint8Array, kind: keyof typeof maxMetadataBytes): { [key: string]: Json } {
  if (bytes.length > maxMetadataBytes[kind]) throw malformed(kind, `it is longer than ${maxMetadataBytes[kind]} bytes`)
  const data = readJson(bytes, kind)
  const problem = shapeProblem(data, kind)
  if (problem !== undefined) throw malformed(kind, problem)
  return data as { [key: string]: Json }
}

function readJson(bytes: Uint8Array, kind: string): Json {
  try {
    return readStrictJson(bytes)
  } catch (cause) {
    throw malformed(kind, cause instanceof Error ? cause.message : 'it is not JSON', cause)
  }
}

function malformed(kind: string, why: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('untrusted-release', `The ${kind} metadata is refused: ${why}. Check the address of the registry, or tell whoever runs it.`, { cause })
}
