import { OpsFluxError, type CapabilityEntry, type CapabilityGrant, type FieldError, type Json } from '@opsflux/sdk'
import { hostSet, isCovered, isHost, type IsPrivateHost } from './hosts.ts'

/** The capability whose grants name hosts. */
const fetching = 'http.fetch'
const maxHosts = 200

/** What a release asks for and what it has been granted. */
export interface Held {
  asked: readonly CapabilityEntry[]
  granted: readonly CapabilityGrant[]
}

const byName = <T extends { name: string }>(list: readonly T[], name: string): T | undefined => list.find((entry) => entry.name === name)
const hostsAsked = (entry: CapabilityEntry | undefined): string[] => hostSet(entry?.hosts ?? [])

/**
 * The grants an admin sends, in the order asked for, hosts put in order. Hosts left out stay left out.
 * @throws validation-failed when one is not asked for by the release, stands there twice, or names what is no host
 */
export function readGrants(sent: readonly CapabilityGrant[], asked: readonly CapabilityEntry[], isPrivateHost: IsPrivateHost): CapabilityGrant[] {
  const errors = sent.flatMap((grant, at) => faultsOf(grant, `/${at}`, { isAsked: byName(asked, grant.name) !== undefined, isFirst: sent.findIndex(({ name }) => name === grant.name) === at, isPrivateHost }))
  if (errors.length > 0) throw new OpsFluxError('validation-failed', `These grants are not accepted: ${errors.map(({ message }) => message).join(' ')}`, { data: { errors: errors as unknown as Json } })
  return asked.flatMap(({ name }) => {
    const grant = byName(sent, name)
    return grant ? [{ name, ...(grant.hosts ? { hosts: hostSet(grant.hosts) } : {}) }] : []
  })
}

function faultsOf({ name, hosts }: CapabilityGrant, path: string, { isAsked, isFirst, isPrivateHost }: { isAsked: boolean; isFirst: boolean; isPrivateHost: IsPrivateHost }): FieldError[] {
  if (!isAsked) return [{ path: `${path}/name`, code: 'not-asked', message: `The module does not ask for ${name}.` }]
  if (!isFirst) return [{ path: `${path}/name`, code: 'twice', message: `${name} stands there twice.` }]
  if (!hosts) return []
  if (name !== fetching) return [{ path: `${path}/hosts`, code: 'no-hosts', message: `${name} has no hosts.` }]
  if (hosts.length > maxHosts) return [{ path: `${path}/hosts`, code: 'too-many', message: `More than ${maxHosts} hosts.` }]
  return hostSet(hosts).filter((host) => !isHost(host, isPrivateHost))
    .map((host) => ({ path: `${path}/hosts`, code: 'no-host', message: `"${host}" is not a host such as api.example.com or *.example.com, nor one that OPSFLUX_PRIVATE_HOSTS lists.` }))
}

/** Grants as they are kept: `http.fetch` with its hosts, those asked for when none are named. */
export function complete(grants: readonly CapabilityGrant[], asked: readonly CapabilityEntry[]): CapabilityGrant[] {
  return grants.map(({ name, hosts }) => (name === fetching ? { name, hosts: hosts ?? hostsAsked(byName(asked, name)) } : { name }))
}

/**
 * What a release asks for beyond the one before it, `http.fetch` with the new hosts alone. A capability that was optional,
 * was not granted and is required now is asked for anew.
 */
export function newlyAsked(asked: readonly CapabilityEntry[], before: Held | undefined): CapabilityEntry[] {
  return asked.flatMap((entry) => {
    const was = byName(before?.asked ?? [], entry.name)
    const isHeld = byName(before?.granted ?? [], entry.name) !== undefined
    if (!was || (entry.required && !was.required && !isHeld)) return [entry]
    const hosts = hostsAsked(entry).filter((host) => !isCovered(hostsAsked(was), host))
    return hosts.length > 0 ? [{ ...entry, hosts }] : []
  })
}

/**
 * What a release holds once it is installed: what was granted before as narrow as it has become, what it newly requires, and
 * what the admin grants now (`chosen`, read by `readGrants`; its hosts instead of the new ones asked for). What the release
 * no longer asks for lapses; hosts that an admin named of their own accord stay.
 */
export function grantsAfter(asked: readonly CapabilityEntry[], before: Held | undefined, chosen: readonly CapabilityGrant[]): CapabilityGrant[] {
  const added = newlyAsked(asked, before)
  return asked.flatMap((entry): CapabilityGrant[] => {
    const { name } = entry
    const [held, wanted, choice] = [byName(before?.granted ?? [], name), byName(added, name), byName(chosen, name)]
    const isAdded = choice !== undefined || (wanted !== undefined && wanted.required)
    if (!held && !isAdded) return []
    if (name !== fetching) return [{ name }]
    const kept = held ? carried(held.hosts ?? [], hostsAsked(byName(before?.asked ?? [], name)), hostsAsked(entry)) : []
    const fresh = choice?.hosts ?? (held ? (wanted?.hosts ?? []) : hostsAsked(wanted ?? entry))
    return [{ name, hosts: hostSet(isAdded ? [...kept, ...fresh] : kept) }]
  })
}

/** Hosts held before, as far as they are still asked for; of a wildcard no longer asked for, what is asked for within it. */
function carried(held: readonly string[], askedBefore: readonly string[], asked: readonly string[]): string[] {
  return held.flatMap((host) => {
    if (!isCovered(askedBefore, host) || isCovered(asked, host)) return [host]
    return asked.filter((narrower) => isCovered([host], narrower))
  })
}

/**
 * What a release that ran here before holds when it comes back: what it held then (`then`), less what has been taken back since.
 * Taken back is what the release serving now asks for and does not hold, and hosts that nobody asks for and it does not hold.
 */
export function grantsBack(asked: readonly CapabilityEntry[], now: Held, then: readonly CapabilityGrant[], chosen: readonly CapabilityGrant[]): CapabilityGrant[] {
  return asked.flatMap((entry): CapabilityGrant[] => {
    const { name } = entry
    const [choice, was, asksNow, holdsNow] = [byName(chosen, name), byName(then, name), byName(now.asked, name), byName(now.granted, name)]
    const isBack = was !== undefined && (!asksNow || holdsNow !== undefined)
    if (!isBack && !choice) return []
    if (name !== fetching) return [{ name }]
    const isStillFree = (host: string): boolean => isCovered(holdsNow?.hosts ?? [], host) || (isCovered(hostsAsked(entry), host) && !isCovered(hostsAsked(asksNow), host))
    const back = isBack ? (was.hosts ?? []).filter((host) => !asksNow || isStillFree(host)) : []
    return [{ name, hosts: hostSet([...back, ...(choice ? (choice.hosts ?? hostsAsked(entry)) : [])]) }]
  })
}
