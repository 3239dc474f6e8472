import type { CapabilityEntry, CapabilityGrant, ModuleDetail } from '@opsflux/sdk'
import { leftOf } from '../capabilities/index.ts'

/** Capabilities with what is granted of them: on the platform, and where one organisation has taken some back, to it. */
export function withGrants(asked: readonly CapabilityEntry[], granted: readonly CapabilityGrant[] | undefined, withdrawn: readonly CapabilityGrant[]): ModuleDetail['capabilities'] {
  if (!granted) return [...asked]
  const left = leftOf(granted, withdrawn)
  return asked.map((entry) => {
    const [grant, here] = [granted, left].map((list) => list.find(({ name }) => name === entry.name))
    if (!grant) return { ...entry, granted: false }
    const isNarrowed = !here || here.hosts?.length !== grant.hosts?.length
    return {
      ...entry, granted: true, ...(grant.hosts ? { grantedHosts: grant.hosts } : {}),
      ...(isNarrowed ? { grantedHere: here !== undefined, ...(grant.hosts ? { grantedHostsHere: here?.hosts ?? [] } : {}) } : {}),
    }
  })
}
