import { chmod, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { generateKeyPair, topLevelRoles, type TopLevelRole } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { FileStore } from './file-store.ts'

/**
 * Makes the keys that are not there yet and answers all of them. They are for development and for one machine:
 * a public registry keeps the keys of root and targets off line, where only whoever signs with them gets at them.
 */
export async function ensureRoleKeys(store: FileStore): Promise<Record<TopLevelRole, string>> {
  const keys: Partial<Record<TopLevelRole, string>> = {}
  const folder = dirname(store.keyPath('root'))
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o700)
  for (const role of topLevelRoles) {
    if (!await readRoleKey(store, role)) await writeFileAtomic(store.keyPath(role), generateKeyPair().privateKeyPem, 0o600)
    keys[role] = await neededRoleKey(store, role)
  }
  return keys as Record<TopLevelRole, string>
}

/** Undefined when the key is kept elsewhere. */
export async function readRoleKey(store: FileStore, role: TopLevelRole): Promise<string | undefined> {
  return (await readIfPresent(store.keyPath(role)))?.toString('utf8')
}

/** @throws not-ready when the key is kept elsewhere */
export async function neededRoleKey(store: FileStore, role: TopLevelRole): Promise<string> {
  const key = await readRoleKey(store, role)
  if (!key) throw new OpsFluxError('not-ready', `The ${role} key is not in the repository's keys folder, so nothing can be signed with it. Put ${role}.pem there for this change.`)
  return key
}
