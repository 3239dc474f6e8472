import { RegistryClient } from '@opsflux/registry-client'

/** The client of the registry whose root metadata this platform has pinned. */
export function registryClient(options: ConstructorParameters<typeof RegistryClient>[0]): RegistryClient {
  return new RegistryClient(options)
}
