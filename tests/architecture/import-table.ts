/** Which of our packages may import which, besides plugins and examples. */
export const importTable: Record<string, readonly string[]> = {
  '@opsflux/sdk': [],
  '@opsflux/ui': [],
  '@opsflux/migrations': ['@opsflux/sdk'],
  // `opsflux migrate` tries migrations with the host's own code (decision 11).
  '@opsflux/cli': ['@opsflux/data', '@opsflux/migrations', '@opsflux/sdk', '@opsflux/ui', '@opsflux/registry-client', '@opsflux/registry-metadata', '@opsflux/registry-repository'],
  '@opsflux/process': ['@opsflux/sdk'],
  '@opsflux/kernel': ['@opsflux/sdk'],
  '@opsflux/data': ['@opsflux/kernel', '@opsflux/migrations', '@opsflux/sdk'],
  '@opsflux/services': ['@opsflux/data', '@opsflux/kernel', '@opsflux/process', '@opsflux/registry-client', '@opsflux/sdk'],
  '@opsflux/shell': ['@opsflux/ui', '@opsflux/sdk'],
  // The shell is what the host serves: its build only, which no import reaches.
  '@opsflux/host': ['@opsflux/services', '@opsflux/data', '@opsflux/kernel', '@opsflux/process', '@opsflux/sdk', '@opsflux/shell'],
  '@opsflux/registry-metadata': ['@opsflux/sdk'],
  '@opsflux/registry-client': ['@opsflux/migrations', '@opsflux/registry-metadata', '@opsflux/sdk'],
  '@opsflux/registry-repository': ['@opsflux/process', '@opsflux/registry-client', '@opsflux/registry-metadata', '@opsflux/sdk'],
  '@opsflux/marketplace-server': ['@opsflux/process', '@opsflux/registry-client', '@opsflux/sdk'],
}

/** What every plugin and example may import, first-party or not. */
export const pluginMayImport: readonly string[] = ['@opsflux/sdk', '@opsflux/ui']
