import { idPrefixPattern, keyIdOf, overlaps, publisherNamePattern, type Delegation } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { publishersOf, type Publisher } from './publishers.ts'
import { Repository, type RepositoryOptions } from './repository.ts'
import { delegationOf, signPublishers } from './sign-publishers.ts'

export interface NewPublisher {
  name: string
  /** Prefixes of the ids it owns, each ending with a hyphen. */
  prefixes: readonly string[]
  /** Of the key, or the keys, it may sign with. */
  publicKeyPem: string | readonly string[]
}

export interface AddOptions extends RepositoryOptions {
  /** Refuse to change a publisher that is known. */
  onlyNew?: boolean
}

/**
 * Lets a publisher sign releases of its ids, or changes which ids and keys those are. What it published with a key that is
 * no longer among them is not offered until it signs again.
 * @returns whether anything changed @throws invalid-request, conflict, not-ready
 */
export async function addPublisher(home: string, { name, prefixes, publicKeyPem }: NewPublisher, now: () => Date = () => new Date(), options: AddOptions = {}): Promise<{ changed: boolean }> {
  const publicKeys = typeof publicKeyPem === 'string' ? [publicKeyPem] : publicKeyPem
  checkNames(name, prefixes)
  const keyids = publicKeys.map(keyIdOf)
  if (keyids.length === 0) throw new OpsFluxError('invalid-request', 'A publisher needs a key to sign with. Give its public PEM file.')
  const repository = new Repository(home, now, options)
  return repository.change(async (state) => {
    const all = publishersOf(state.targets.signed)
    const known = all.find((publisher) => publisher.name === name)
    if (known && isSame(known.prefixes, prefixes) && isSame(known.keys.map((key) => key.keyid), keyids)) return { changed: false }
    if (known && options.onlyNew) throw new OpsFluxError('conflict', `The publisher ${name} is known, with other prefixes or keys. Change them with \`opsflux registry publisher prefixes\` and \`publisher keys\`.`)
    checkPrefixesAreFree(prefixes, all.filter((publisher) => publisher.name !== name))
    const next: Delegation = { name, prefixes, publicKeys }
    const publishers = known ? all.map((publisher) => (publisher.name === name ? next : delegationOf(publisher))) : [...all.map(delegationOf), next]
    await signPublishers(repository, state, publishers)
    return { changed: true }
  })
}

export function checkNames(name: string, prefixes: readonly string[]): void {
  if (!publisherNamePattern.test(name)) throw new OpsFluxError('invalid-request', `"${name}" cannot be a publisher's name. Use lower-case words joined by hyphens, 2 to 40 characters.`)
  if (prefixes.length === 0) throw new OpsFluxError('invalid-request', 'A publisher needs at least one prefix, such as "hse-".')
  const wrong = prefixes.find((prefix) => !idPrefixPattern.test(prefix))
  if (wrong !== undefined) throw new OpsFluxError('invalid-request', `"${wrong}" cannot be a prefix. Use lower-case words joined by hyphens, with a hyphen at the end, such as "hse-".`)
}

export function checkPrefixesAreFree(prefixes: readonly string[], others: readonly Publisher[]): void {
  for (const other of others) {
    const taken = other.prefixes.find((owned) => prefixes.some((prefix) => overlaps(prefix, owned)))
    if (taken !== undefined) throw new OpsFluxError('conflict', `The prefix "${taken}" belongs to the publisher ${other.name}, and an id has one publisher. Choose another prefix.`)
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify(some.toSorted()) === JSON.stringify(others.toSorted())
}
