import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from './home.ts'

/** Who publishes the first-party plugins. */
export const publisher = 'opsflux'

/** A registry that knows the publisher. */
export interface RegistryHome {
  /** Path of the root metadata that host and marketplace pin. */
  root: string
  /** Path of the publisher's private key. */
  key: string
  /** Changes with the registry, the key and the prefixes. */
  fingerprint: string
  /** True when it was made just now. */
  isNew: boolean
}

/** Of the registry's root: two of the three sign. For development, because one folder holds them all. */
const rootKeys = ['registry-root-1', 'registry-root-2', 'registry-root-3']
const rootThreshold = 2
const yearMs = 365 * 86_400_000

/**
 * Makes what is missing: the development keys of root and publisher, the repository, the publisher's right to its prefixes.
 * The registry's process never sees the root keys, so the root is renewed here.
 */
export async function prepareRegistry(home: Home, prefixes: readonly string[]): Promise<RegistryHome> {
  const root = join(home.registry, 'root.json')
  const key = keyPath(home, publisher)
  const marker = join(home.registry, '.publisher')
  const isNew = !existsSync(root)
  const fingerprint = (): string => hash([readFileSync(root), readFileSync(key), prefixes.join(' ')])
  const isKnown = !isNew && existsSync(key) && existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint()
  if (!isKnown) {
    const { addPublisher, initialiseRepository } = await import('@opsflux/registry-repository')
    const { publicKeyOf } = await import('@opsflux/registry-metadata')
    await initialiseRepository(home.registry, undefined, isNew ? { privateKeyPems: await rootKeysOf(home), threshold: rootThreshold } : undefined)
    await addPublisher(home.registry, { name: publisher, prefixes, publicKeyPem: publicKeyOf(await ensureKey(key)) })
    writeFileSync(marker, fingerprint(), { mode: 0o600 })
  }
  if (isRootDue(home)) await renewRoot(home)
  return { root, key, fingerprint: fingerprint(), isNew }
}

/** True when half of the root's life is over, and its keys are here: a registry of an earlier release keeps its own. */
function isRootDue(home: Home): boolean {
  if (!rootKeys.every((name) => existsSync(keyPath(home, name)))) return false
  const path = (version: number): string => join(home.registry, 'metadata', `${version}.root.json`)
  let version = 1
  while (existsSync(path(version + 1))) version += 1
  const { signed } = JSON.parse(readFileSync(path(version), 'utf8')) as { signed: { expires: string } }
  return Date.parse(signed.expires) - Date.now() < yearMs
}

async function renewRoot(home: Home): Promise<void> {
  const { applyRoot, draftRoot, Repository, signDraft } = await import('@opsflux/registry-repository')
  const repository = new Repository(home.registry)
  const draft = await draftRoot(repository, {})
  for (const pem of (await rootKeysOf(home)).slice(0, rootThreshold)) signDraft(draft, pem)
  await applyRoot(repository, [draft])
}

function rootKeysOf(home: Home): Promise<string[]> {
  return Promise.all(rootKeys.map((name) => ensureKey(keyPath(home, name))))
}

function keyPath(home: Home, name: string): string {
  return join(home.keys, `${name}.private.pem`)
}

/** The private key in the file, which is made when it is not there. */
async function ensureKey(path: string): Promise<string> {
  const { generateKeyPair } = await import('@opsflux/registry-metadata')
  if (!existsSync(path)) {
    // In one step: half a key would be refused at every start from then on.
    writeFileSync(`${path}.new`, generateKeyPair().privateKeyPem, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return readFileSync(path, 'utf8')
}

function hash(parts: readonly (Buffer | string)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(createHash('sha256').update(part).digest())
  return sum.digest('hex')
}
