import type { Targets } from '@tufjs/models'
import { prefixOfPattern, publisherOfRole, type PublicKey } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'

/** Whoever the targets role lets publish. */
export interface Publisher {
  name: string
  /** Of the ids it owns, such as `hse-`. */
  prefixes: string[]
  keys: PublicKey[]
}

export function publishersOf({ delegations }: Targets): Publisher[] {
  return Object.values(delegations?.roles ?? {}).flatMap((role) => {
    const name = publisherOfRole(role.name)
    if (name === undefined) return []
    const prefixes = (role.paths ?? []).map(prefixOfPattern).filter((prefix) => prefix !== undefined)
    const keys = role.keyIDs.flatMap((keyid) => {
      const publicKey = delegations?.keys[keyid]?.keyVal.public
      return publicKey === undefined ? [] : [{ keyid, publicKey }]
    })
    return [{ name, prefixes, keys }]
  })
}

/** @throws not-found */
export function publisherNamed(targets: Targets, name: string): Publisher {
  const found = publishersOf(targets).find((publisher) => publisher.name === name)
  if (!found) throw new OpsFluxError('not-found', `The registry knows no publisher "${name.slice(0, 60)}". Ask whoever runs it to add you.`)
  return found
}
