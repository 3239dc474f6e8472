import type { Targets } from '@tufjs/models'
import { OpsFluxError, pluginIdPattern } from '@opsflux/sdk'
import type { Json } from '@opsflux/sdk'
import { formatExpiry, parseExpiry } from './dates.ts'
import { isReleaseVersion } from './names.ts'

/** A release that must not run any more, as the registry (any release) or its publisher (its own) signs it. */
export interface Revocation {
  id: string
  version: string
  /** SHA-256 of the package, hexadecimal. */
  digest: string
  /** For people, in one paragraph. */
  reason: string
  at: Date
}

/** Where the list stands in the signed part of a targets role. */
export const revocationField = 'x-opsflux-revoked'
export const maxRevocations = 1_000
/** UTF-16 code units of a reason. */
export const maxReasonLength = 500

const fields = 'at,digest,id,reason,version'

/** The list as metadata carries it; nothing when it is empty. @throws invalid-request */
export function writeRevocations(revoked: readonly Revocation[] = []): { [revocationField]?: Json } {
  if (revoked.length === 0) return {}
  const list = revoked.map(({ id, version, digest, reason, at }) => ({ id, version, digest, reason, at: formatExpiry(at) }))
  const read = readRevocations(list)
  if (typeof read === 'string') throw new OpsFluxError('invalid-request', `The releases cannot be revoked: ${read}. Correct it and try again.`)
  return { [revocationField]: list }
}

/** Reads the list; a sentence on what is wrong with it when it is none. Undefined reads as empty. */
export function readRevocations(value: unknown): Revocation[] | string {
  if (value === undefined) return []
  if (!Array.isArray(value)) return 'its revoked releases are not a list'
  if (value.length > maxRevocations) return `it revokes more than ${maxRevocations} releases`
  const read: Revocation[] = []
  const seen = new Set<string>()
  for (const entry of value) {
    const revocation = readRevocation(entry)
    if (typeof revocation === 'string') return revocation
    const key = `${revocation.id} ${revocation.version}`
    if (seen.has(key)) return `it revokes ${key} twice`
    seen.add(key)
    read.push(revocation)
  }
  return read
}

/** The list of a role that was read by `parseTargets`. */
export function revocationsOf(targets: Targets): Revocation[] {
  const read = readRevocations(targets.unrecognizedFields[revocationField])
  return typeof read === 'string' ? [] : read
}

/** A revocation holds for the version that it names, and for its content under any other version of the same id. */
export function isRevokedBy(revocation: Revocation, release: { id: string; version: string; digest?: string }): boolean {
  return revocation.id === release.id && (revocation.version === release.version || revocation.digest === release.digest)
}

function readRevocation(entry: unknown): Revocation | string {
  if (typeof entry !== 'object' || entry === null || Object.keys(entry).toSorted().join() !== fields) return 'a revoked release has not exactly the fields id, version, digest, reason and at'
  const { id, version, digest, reason, at } = entry as Record<keyof Revocation, unknown>
  const date = parseExpiry(at)
  if (typeof id !== 'string' || !pluginIdPattern.test(id)) return 'the id of a revoked release is none'
  if (typeof version !== 'string' || !isReleaseVersion(version)) return 'the version of a revoked release is none'
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return 'a revoked release does not carry its SHA-256 digest'
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > maxReasonLength) return `the reason of a revoked release is empty or longer than ${maxReasonLength} characters`
  // Line feeds and worse would let a reason pretend to be another line of a log or a screen.
  if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(reason)) return 'the reason of a revoked release has control characters'
  if (!date) return 'a revoked release does not say since when'
  return { id, version, digest, reason, at: date }
}
