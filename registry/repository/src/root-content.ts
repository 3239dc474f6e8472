import { createHash } from 'node:crypto'
import { buildRoot, keyIdOf, parseExpiry, secondsAfter, type PublicKey } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { canonicalize } from '@tufjs/canonical-json'
import type { Metadata, Root } from '@tufjs/models'
import { daySeconds, defaultRootDays } from './lifetimes.ts'
import { onlineRoles, type OnlineRole } from './role-keys.ts'

/** Of a person or a place that holds a key. */
export const holderPattern = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$/
const holdersField = 'x-opsflux-holders'
const daysField = 'x-opsflux-days'

/** A public key, PEM or hexadecimal, and who holds it. */
export interface HeldKey {
  name?: string
  publicKey: string
}

/** A root in the terms of those who decide on it. */
export interface RootContent {
  version: number
  expires: Date
  /** For how many days it was made. */
  days: number
  /** How many of the root keys must sign the next root. */
  threshold: number
  rootKeys: readonly (PublicKey & { name?: string })[]
  online: Readonly<Record<OnlineRole, PublicKey>>
}

/** It holds for `days` from `now` on. */
export interface NewRoot extends Pick<RootContent, 'version' | 'days' | 'threshold'> {
  now: Date
  rootKeys: readonly HeldKey[]
  /** Public keys, PEM or hexadecimal. */
  online: Readonly<Record<OnlineRole, string>>
}

/** An unsigned root; the names of the holders and the days are part of what is signed. */
export function rootOf({ version, now, days, threshold, rootKeys, online }: NewRoot): Metadata<Root> {
  const role = (key: string): { publicKeys: string[] } => ({ publicKeys: [key] })
  const root = buildRoot({
    version, expires: secondsAfter(now, days * daySeconds),
    keys: { root: { publicKeys: rootKeys.map(({ publicKey }) => publicKey), threshold }, targets: role(online.targets), snapshot: role(online.snapshot), timestamp: role(online.timestamp) },
  })
  const names = Object.fromEntries(rootKeys.flatMap(({ name, publicKey }) => (name === undefined ? [] : [[keyIdOf(publicKey), name]])))
  if (Object.keys(names).length > 0) root.signed.unrecognizedFields[holdersField] = names
  root.signed.unrecognizedFields[daysField] = days
  return root
}

/** @throws untrusted-release when it is not a root as this registry makes them */
export function readRootContent({ signed }: Metadata<Root>): RootContent {
  // The library keeps the kind among the fields it does not know.
  const { _type, [holdersField]: named, [daysField]: days = defaultRootDays, ...unknown } = signed.unrecognizedFields
  const fields = Object.keys(unknown)
  if (fields.length > 0) throw notOurs(`it has the unknown field "${fields[0]?.slice(0, 40)}"`)
  if (!signed.consistentSnapshot) throw notOurs('it turns consistent snapshots off')
  if (Object.keys(signed.roles).length !== 4) throw notOurs('it has other roles than root, targets, snapshot and timestamp')
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1) throw notOurs('it does not say for how many days it was made')
  const names = namesOf(named)
  const keysOf = (role: string): PublicKey[] => (signed.roles[role]?.keyIDs ?? []).map((keyid) => ({ keyid, publicKey: signed.keys[keyid]?.keyVal.public ?? '' }))
  const rootKeys = keysOf('root').map((key) => ({ ...key, ...(names.has(key.keyid) ? { name: names.get(key.keyid) ?? '' } : {}) }))
  const threshold = signed.roles['root']?.threshold ?? 0
  if (threshold < 1 || threshold > rootKeys.length) throw notOurs(`it asks for ${threshold} signatures of ${rootKeys.length} root keys`)
  const online = Object.fromEntries(onlineRoles.map((role) => [role, onlyKey(role, keysOf(role), signed.roles[role]?.threshold)])) as Record<OnlineRole, PublicKey>
  const all = [...rootKeys, ...Object.values(online)]
  if (all.some(({ publicKey }) => publicKey === '')) throw notOurs('it names a key that it does not carry')
  if (new Set(all.map(({ keyid }) => keyid)).size < all.length) throw notOurs('it uses one key for two roles')
  if (Object.keys(signed.keys).length > all.length) throw notOurs('it carries a key that no role uses')
  return { version: signed.version, expires: parseExpiry(signed.expires) ?? new Date(0), days, threshold, rootKeys, online }
}

/** What holders compare by voice before they sign: SHA-256 of all that is signed, hexadecimal. */
export function fingerprintOf({ signed }: Metadata<Root>): string {
  return createHash('sha256').update(canonicalize(signed.toJSON())).digest('hex')
}

/** True when both say the same, whoever signed them. */
export function isSameRoot(one: Metadata<Root>, other: Metadata<Root>): boolean {
  return fingerprintOf(one) === fingerprintOf(other)
}

function onlyKey(role: string, [key, ...more]: readonly PublicKey[], threshold: number | undefined): PublicKey {
  if (!key || more.length > 0 || threshold !== 1) throw notOurs(`its role ${role} has not exactly one key`)
  return key
}

function namesOf(named: unknown): Map<string, string> {
  if (named === undefined) return new Map()
  const entries = typeof named === 'object' && named !== null ? Object.entries(named) : []
  if (!entries.every(([, name]) => typeof name === 'string' && holderPattern.test(name))) throw notOurs('the names of its holders are none')
  return new Map(entries as [string, string][])
}

function notOurs(why: string): OpsFluxError {
  return new OpsFluxError('untrusted-release', `The root is refused: ${why}. Make a new draft with \`opsflux registry root draft\`.`)
}
