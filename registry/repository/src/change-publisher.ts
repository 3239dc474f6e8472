import { keyIdOf, type Delegation } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { checkNames, checkPrefixesAreFree } from './add-publisher.ts'
import { publisherNamed, publishersOf, type Publisher } from './publishers.ts'
import type { Repository } from './repository.ts'
import { delegationOf, signPublishers } from './sign-publishers.ts'

export interface PublisherChange {
  /** Public keys, PEM. */
  addKeys?: readonly string[]
  /** Key ids. What was signed with such a key alone is not offered any more. */
  removeKeys?: readonly string[]
  addPrefixes?: readonly string[]
  removePrefixes?: readonly string[]
}

/** Changes with which keys a publisher signs, and which ids it owns. @throws invalid-request, not-found, conflict, not-ready */
export function changePublisher(repository: Repository, name: string, change: PublisherChange): Promise<Publisher> {
  return repository.change(async (state) => {
    const publisher = publisherNamed(state.targets.signed, name)
    const next: Publisher = { name, prefixes: changedPrefixes(publisher, change), keys: changedKeys(publisher, change) }
    checkNames(name, next.prefixes)
    const all = publishersOf(state.targets.signed)
    checkPrefixesAreFree(next.prefixes, all.filter((one) => one.name !== name))
    await signPublishers(repository, state, all.map((one) => delegationOf(one.name === name ? next : one)))
    return next
  })
}

/** Takes a publisher's ids away: its releases are not offered any more. What hosts have installed goes on running. @throws not-found, not-ready */
export function removePublisher(repository: Repository, name: string): Promise<void> {
  return repository.change(async (state) => {
    publisherNamed(state.targets.signed, name)
    const others: Delegation[] = publishersOf(state.targets.signed).filter((one) => one.name !== name).map(delegationOf)
    await signPublishers(repository, state, others)
  })
}

function changedKeys({ name, keys }: Publisher, { addKeys = [], removeKeys = [] }: PublisherChange): Publisher['keys'] {
  const unknown = removeKeys.find((keyid) => !keys.some((key) => key.keyid === keyid))
  if (unknown !== undefined) throw new OpsFluxError('invalid-request', `${unknown.slice(0, 80)} is no key of the publisher ${name}. Its keys are ${keys.map(({ keyid }) => keyid).join(', ')}.`)
  const added = addKeys.map((publicKey) => ({ keyid: keyIdOf(publicKey), publicKey })).filter(({ keyid }) => !keys.some((key) => key.keyid === keyid))
  const next = [...keys.filter(({ keyid }) => !removeKeys.includes(keyid)), ...added]
  if (next.length === 0) throw new OpsFluxError('invalid-request', `The publisher ${name} would have no key left. Add the new key in the same command, or remove the publisher.`)
  return next
}

function changedPrefixes({ prefixes }: Publisher, { addPrefixes = [], removePrefixes = [] }: PublisherChange): string[] {
  const unknown = removePrefixes.find((prefix) => !prefixes.includes(prefix))
  if (unknown !== undefined) throw new OpsFluxError('invalid-request', `The publisher does not own the prefix "${unknown.slice(0, 40)}". It owns ${prefixes.join(', ')}.`)
  return [...new Set([...prefixes.filter((prefix) => !removePrefixes.includes(prefix)), ...addPrefixes])]
}
