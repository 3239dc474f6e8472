import { chmod, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { moveInto, readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { generateKeyPair, keyIdOf, publicKeyOf, topLevelRoles, type TopLevelRole } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { Metadata, Root } from '@tufjs/models'
import type { FileStore } from './file-store.ts'

/** What the registry signs by itself, with keys that lie beside it; that of targets may be kept elsewhere. */
export const onlineRoles = ['targets', 'snapshot', 'timestamp'] as const
export type OnlineRole = (typeof onlineRoles)[number]

/** The key of a role, made when it is not there yet. */
export async function ensureRoleKey(store: FileStore, role: TopLevelRole): Promise<string> {
  return ensureKeyFile(store.keyPath(role))
}

/** A key that waits until a root trusts it, made when there is none or `anew`. */
export async function ensureWaitingKey(store: FileStore, role: OnlineRole, anew: boolean): Promise<string> {
  if (anew) await rm(store.waitingKeyPath(role), { force: true })
  return ensureKeyFile(store.waitingKeyPath(role))
}

/** Public PEM of the key that waits for a role. */
export async function waitingPublicKey(store: FileStore, role: OnlineRole): Promise<string | undefined> {
  const key = await readText(store.waitingKeyPath(role))
  return key === undefined ? undefined : publicKeyOf(key)
}

/** The private keys at hand that one of the roots trusts for a role; each once. */
export async function trustedKeysAtHand(store: FileStore, role: TopLevelRole, roots: readonly Metadata<Root>[]): Promise<string[]> {
  const trusted = new Set(roots.flatMap((root) => root.signed.roles[role]?.keyIDs ?? []))
  const kept = role === 'root' ? [store.keyPath(role)] : [store.keyPath(role), store.waitingKeyPath(role)]
  const all = [...await Promise.all(kept.map(readText)), ...store.broughtKeys].filter((pem) => pem !== undefined)
  const byKeyId = new Map(all.map((pem) => [keyIdOf(publicKeyOf(pem)), pem]))
  return [...byKeyId].filter(([keyid]) => trusted.has(keyid)).map(([, pem]) => pem)
}

/** True while a key that the root trusts has not taken the place of the one before: what that one signed counts so long. */
export async function isBeingReplaced(store: FileStore, role: OnlineRole, root: Metadata<Root>): Promise<boolean> {
  if (await isTrusted(store.waitingKeyPath(role), role, root)) return true
  return store.broughtKeys.some((pem) => root.signed.roles[role]?.keyIDs.includes(keyIdOf(publicKeyOf(pem))))
}

export function missingKey(role: OnlineRole): OpsFluxError {
  const where = role === 'targets' ? 'Give it with --targets-key.' : `Restore ${role}.pem from a backup, or run \`opsflux registry rotate ${role}\`.`
  return new OpsFluxError('not-ready', `The ${role} key that the root trusts is not in the repository's keys folder, so nothing was signed with it. ${where}`)
}

/**
 * Puts keys that the last root trusts by now in their place, and destroys those that only the root before trusted. Any other key
 * stays: after metadata was restored from a backup it may be the one that is needed.
 */
export async function settleKeys(store: FileStore): Promise<void> {
  const roots = await store.roots()
  const [before, root] = [roots.at(-2), roots.at(-1)]
  if (!root) return
  for (const role of onlineRoles) {
    if (await isTrusted(store.waitingKeyPath(role), role, root)) await moveInto(store.waitingKeyPath(role), store.keyPath(role))
  }
  for (const role of topLevelRoles) {
    const path = store.keyPath(role)
    if (before && await isTrusted(path, role, before) && !await isTrusted(path, role, root)) await rm(path, { force: true })
  }
}

async function isTrusted(path: string, role: TopLevelRole, root: Metadata<Root>): Promise<boolean> {
  const key = await readText(path)
  return key !== undefined && (root.signed.roles[role]?.keyIDs.includes(keyIdOf(publicKeyOf(key))) ?? false)
}

async function ensureKeyFile(path: string): Promise<string> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o700)
  if (await readText(path) === undefined) await writeFileAtomic(path, generateKeyPair().privateKeyPem, 0o600)
  const key = await readText(path)
  if (key === undefined) throw new OpsFluxError('not-ready', 'A key of the registry went away while it was made. Is somebody else changing its folder?')
  return key
}

async function readText(path: string): Promise<string | undefined> {
  return (await readIfPresent(path))?.toString('utf8')
}
