import type { CapabilityEntry, CapabilityGrant, Diff, Plan, PluginManifest, SecretEntry } from '@opsflux/sdk'
import { grantsAfter, grantsBack, isCovered, newlyAsked, readGrants, type Held, type IsPrivateHost } from '../capabilities/index.ts'
import type { Installation, RestorePoint } from './installations.ts'

interface Grants extends Pick<Plan, 'capabilities'> {
  granted: CapabilityGrant[]
}

/** Where a release comes from, and what the admin grants with it. */
export interface GrantContext {
  installation: Installation | undefined
  /** Of the release to be, when it ran here before and this is the way back to it. */
  restorePoint: RestorePoint | undefined
  grant: readonly CapabilityGrant[]
  isPrivateHost: IsPrivateHost
}

/** What is asked for anew and what is granted after the change. @throws validation-failed when the admin grants what is not asked for */
export function planGrants({ capabilities: asked }: PluginManifest, { installation, restorePoint, grant, isPrivateHost }: GrantContext): Grants {
  const chosen = readGrants(grant, asked, isPrivateHost)
  const before: Held | undefined = installation && { asked: installation.manifest.capabilities, granted: installation.granted }
  const removed = (before?.asked ?? []).filter(({ name }) => asked.every((entry) => entry.name !== name))
  if (!before || !restorePoint) return { capabilities: { added: newlyAsked(asked, before), removed }, granted: grantsAfter(asked, before, chosen) }
  const granted = grantsBack(asked, before, restorePoint.granted, chosen)
  return { capabilities: { added: askedBack(newlyAsked(asked, before), granted), removed }, granted }
}

/** On the way back: what comes back as it was granted then, and what could be granted with a tick. */
function askedBack(added: readonly CapabilityEntry[], granted: readonly CapabilityGrant[]): CapabilityEntry[] {
  return added.flatMap((entry) => {
    const grant = granted.find(({ name }) => name === entry.name)
    if (!grant) return entry.required ? [] : [entry]
    return [{ ...entry, ...(entry.hosts ? { hosts: entry.hosts.filter((host) => isCovered(grant.hosts ?? [], host)) } : {}) }]
  })
}

/** By name; one that may be sent to more hosts than before is asked for anew. */
export function secretsDiff(before: readonly SecretEntry[], after: readonly SecretEntry[]): Diff<SecretEntry> {
  const isNew = ({ name, hosts }: SecretEntry): boolean => {
    const was = before.find((secret) => secret.name === name)
    return !was || (was.hosts !== undefined && (hosts === undefined || hosts.some((host) => !isCovered(was.hosts ?? [], host))))
  }
  return { added: after.filter(isNew), removed: before.filter(({ name }) => after.every((secret) => secret.name !== name)) }
}
