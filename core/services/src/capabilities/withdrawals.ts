import { OpsFluxError, type CapabilityGrant } from '@opsflux/sdk'
import { coversHost, hostSet, isCovered } from './hosts.ts'

const overlap = (one: string, other: string): boolean => coversHost(one, other) || coversHost(other, one)
const named = (grants: readonly CapabilityGrant[], name: string): CapabilityGrant | undefined => grants.find((grant) => grant.name === name)

/**
 * What an organisation takes back for itself when it keeps `given` of what the platform has granted; a name without hosts is
 * all of it. What was taken back of grants that the platform does not give at present stays taken back, except for hosts within
 * a wildcard that is kept now.
 * @throws validation-failed when it would give more than the platform, or take a host back that a wildcard kept still covers
 */
export function withdrawalOf(platform: readonly CapabilityGrant[], given: readonly CapabilityGrant[], before: readonly CapabilityGrant[]): CapabilityGrant[] {
  for (const { name, hosts = [] } of given) assertWithin(named(platform, name), name, hosts)
  const taken = platform.flatMap((grant) => takenOf(grant, named(given, grant.name)))
  const dormant = before.flatMap(({ name, hosts }) => {
    const current = named(platform, name)
    if (!current) return [{ name, ...(hosts ? { hosts } : {}) }]
    const keptHosts = named(given, name) ? (named(given, name)?.hosts ?? current.hosts ?? []) : []
    const rest = (hosts ?? []).filter((host) => !current.hosts?.includes(host) && !keptHosts.some((kept) => overlap(kept, host)))
    return rest.length > 0 ? [{ name, hosts: rest }] : []
  })
  return joined([...taken, ...dormant])
}

function takenOf({ name, hosts }: CapabilityGrant, kept: CapabilityGrant | undefined): CapabilityGrant[] {
  if (!kept) return [{ name }]
  const keptHosts = kept.hosts ?? hosts ?? []
  const taken = (hosts ?? []).filter((host) => !keptHosts.includes(host))
  const covered = taken.find((host) => isCovered(keptHosts, host))
  if (covered) throw new OpsFluxError('validation-failed', `${covered} cannot be taken back while a wildcard that covers it is kept. Take both back.`)
  return taken.length > 0 ? [{ name, hosts: taken }] : []
}

function assertWithin(grant: CapabilityGrant | undefined, name: string, hosts: readonly string[]): void {
  if (!grant) throw new OpsFluxError('validation-failed', `${name} is not granted on this platform: an organisation can only take back. Grant it for the platform first.`)
  const beyond = hosts.find((host) => !grant.hosts?.includes(host))
  if (beyond) throw new OpsFluxError('validation-failed', `${beyond} is not among the hosts granted on this platform: an organisation can only take back.`)
}

function joined(list: readonly CapabilityGrant[]): CapabilityGrant[] {
  return [...new Set(list.map(({ name }) => name))].map((name) => {
    const same = list.filter((entry) => entry.name === name)
    return same.some(({ hosts }) => !hosts) ? { name } : { name, hosts: hostSet(same.flatMap(({ hosts = [] }) => hosts)) }
  })
}

/**
 * What is left of the platform's grants for an organisation. A host taken back that the platform no longer names by itself
 * stays out also within a wildcard: that wildcard is not given until the organisation has decided anew.
 */
export function leftOf(platform: readonly CapabilityGrant[], withdrawn: readonly CapabilityGrant[]): CapabilityGrant[] {
  return platform.flatMap(({ name, hosts }) => {
    const taken = named(withdrawn, name)
    if (!taken) return [{ name, ...(hosts ? { hosts } : {}) }]
    if (!taken.hosts) return []
    const orphans = taken.hosts.filter((host) => !hosts?.includes(host))
    const isTaken = (host: string): boolean => taken.hosts?.includes(host) === true || orphans.some((orphan) => overlap(orphan, host))
    return [{ name, hosts: (hosts ?? []).filter((host) => !isTaken(host)) }]
  })
}
