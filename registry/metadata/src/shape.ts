import type { Json } from '@opsflux/sdk'
import { parseExpiry } from './dates.ts'
import { tufKeyOf } from './keys.ts'
import { revocationField, readRevocations } from './revocations.ts'

/** Reading a role slows with the square of its targets: 500 take 43 ms, 4,000 take 6.5 s. */
export const maxTargetsPerRole = 500
/** For the same reason. Publishers, each with one role. */
const maxDelegations = 1_000
const maxKeys = 2_000
/** Roles that one snapshot lists. */
const maxListedRoles = 2_000
const maxSignatures = 64

type JsonObject = { [key: string]: Json }
type Kind = 'root' | 'timestamp' | 'snapshot' | 'targets'

/** What the library lets pass: a sentence on the first thing that is wrong with metadata that was read as JSON. */
export function shapeProblem(data: Json, kind: Kind): string | undefined {
  const signed = isObject(data) && isObject(data['signed']) ? data['signed'] : undefined
  if (!isObject(data) || !signed) return 'it has no signed part'
  if (signed['_type'] !== kind) return `it says it is ${String(signed['_type']).slice(0, 40)}`
  if (!isVersion(signed['version'])) return 'its version is not a whole number from 1'
  if (!parseExpiry(signed['expires'])) return 'its expiry is not a date of the form 2026-01-31T23:59:59Z'
  return signaturesProblem(data['signatures']) ?? kindProblem[kind](signed)
}

const kindProblem: Record<Kind, (signed: JsonObject) => string | undefined> = {
  root: (signed) => keysProblem(signed['keys']) ?? rolesProblem(Object.values(isObject(signed['roles']) ? signed['roles'] : {})),
  timestamp: (signed) => filesProblem(signed['meta'], 1),
  snapshot: (signed) => filesProblem(signed['meta'], maxListedRoles),
  targets: (signed) => {
    if (isObject(signed['targets']) && Object.keys(signed['targets']).length > maxTargetsPerRole) return `it lists more than ${maxTargetsPerRole} releases`
    const revoked = readRevocations(signed[revocationField])
    if (typeof revoked === 'string') return revoked
    const delegations = signed['delegations']
    if (delegations === undefined) return undefined
    if (!isObject(delegations)) return 'its delegations are no object'
    const roles = delegations['roles']
    if (roles !== undefined && !Array.isArray(roles)) return 'its delegated roles are no list'
    return keysProblem(delegations['keys']) ?? rolesProblem(roles ?? [])
  },
}

function signaturesProblem(signatures: Json | undefined): string | undefined {
  if (!Array.isArray(signatures) || signatures.length > maxSignatures) return `it has no list of at most ${maxSignatures} signatures`
  const keyids = new Set<Json | undefined>()
  for (const signature of signatures) {
    if (!isObject(signature) || !isKeyId(signature['keyid']) || typeof signature['sig'] !== 'string' || !/^[0-9a-f]{128}$/.test(signature['sig'])) return 'a signature is not of the form {keyid, sig}'
    keyids.add(signature['keyid'])
  }
  return keyids.size < signatures.length ? 'one key has signed it twice' : undefined
}

/** One key under two ids would count twice towards a threshold: an id has to be the SHA-256 of its key (TUF 4.2). */
function keysProblem(keys: Json | undefined): string | undefined {
  if (!isObject(keys)) return 'it has no keys'
  const entries = Object.entries(keys)
  if (entries.length > maxKeys) return `it has more than ${maxKeys} keys`
  return entries.every(([keyid, key]) => isKeyOf(keyid, key)) ? undefined : 'a key is no Ed25519 key under its own id'
}

function isKeyOf(keyid: string, key: Json): boolean {
  if (!isObject(key) || key['keytype'] !== 'ed25519' || key['scheme'] !== 'ed25519' || !isObject(key['keyval']) || Object.keys(key).length !== 3) return false
  const { public: publicKey, ...others } = key['keyval']
  if (typeof publicKey !== 'string' || !/^[0-9a-f]{64}$/.test(publicKey) || Object.keys(others).length > 0) return false
  return tufKeyOf(publicKey).keyID === keyid
}

function rolesProblem(roles: readonly Json[]): string | undefined {
  if (roles.length > maxDelegations) return `it delegates to more than ${maxDelegations} roles`
  const isFine = roles.every((role) => isObject(role) && isVersion(role['threshold']) && Array.isArray(role['keyids']) && role['keyids'].length <= maxSignatures && role['keyids'].every(isKeyId))
  return isFine ? undefined : 'a role has no threshold from 1, or no list of key ids'
}

function filesProblem(files: Json | undefined, maxFiles: number): string | undefined {
  if (!isObject(files)) return 'it lists no files'
  const all = Object.values(files)
  if (all.length > maxFiles) return `it lists more than ${maxFiles} files`
  return all.every(isFileEntry) ? undefined : 'a file is not listed with its version, length and SHA-256'
}

function isFileEntry(file: Json): boolean {
  if (!isObject(file) || !isVersion(file['version']) || !isVersion(file['length']) || !isObject(file['hashes'])) return false
  const { sha256, ...others } = file['hashes']
  return typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) && Object.keys(others).length === 0
}

function isKeyId(value: Json | undefined): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isVersion(value: Json | undefined): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
