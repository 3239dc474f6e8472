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

/** Makes what is missing: the publisher's development key, the repository, the publisher's right to its prefixes. */
export async function prepareRegistry(home: Home, prefixes: readonly string[]): Promise<RegistryHome> {
  const root = join(home.registry, 'root.json')
  const key = join(home.keys, `${publisher}.private.pem`)
  const marker = join(home.registry, '.publisher')
  const isNew = !existsSync(root)
  const fingerprint = (): string => hash([readFileSync(root), readFileSync(key), prefixes.join(' ')])
  const isKnown = !isNew && existsSync(key) && existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint()
  if (!isKnown) {
    const { addPublisher, initialiseRepository } = await import('@opsflux/registry-repository')
    await initialiseRepository(home.registry)
    await addPublisher(home.registry, { name: publisher, prefixes, publicKeyPem: await publicKey(key) })
    writeFileSync(marker, fingerprint(), { mode: 0o600 })
  }
  return { root, key, fingerprint: fingerprint(), isNew }
}

/** Of the key in the file, which is made when it is not there. */
async function publicKey(path: string): Promise<string> {
  const { generateKeyPair, publicKeyOf } = await import('@opsflux/registry-metadata')
  if (!existsSync(path)) {
    // In one step: half a key would be refused at every start from then on.
    writeFileSync(`${path}.new`, generateKeyPair().privateKeyPem, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return publicKeyOf(readFileSync(path, 'utf8'))
}

function hash(parts: readonly (Buffer | string)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(createHash('sha256').update(part).digest())
  return sum.digest('hex')
}
