/** Which of our packages may import which; `plugin` stands for every plugin and example. */
export const importTable: Record<string, readonly string[]> = {
  '@opsflux/sdk': [],
  '@opsflux/ui': [],
  '@opsflux/process': ['@opsflux/sdk'],
  '@opsflux/cli': ['@opsflux/sdk', '@opsflux/ui', '@opsflux/registry-client', '@opsflux/registry-metadata'],
  '@opsflux/process': ['@opsflux/sdk'],
  '@opsflux/kernel': ['@opsflux/sdk'],
  '@opsflux/data': ['@opsflux/kernel', '@opsflux/sdk'],
  '@opsflux/services': ['@opsflux/data', '@opsflux/kernel', '@opsflux/process', '@opsflux/registry-client', '@opsflux/sdk'],
  '@opsflux/shell': ['@opsflux/ui', '@opsflux/sdk'],
  // The shell is what the host serves: its build only, which no import reaches.
  '@opsflux/host': ['@opsflux/services', '@opsflux/data', '@opsflux/kernel', '@opsflux/process', '@opsflux/sdk', '@opsflux/shell'],
  '@opsflux/registry-metadata': ['@opsflux/sdk'],
  '@opsflux/registry-client': ['@opsflux/registry-metadata', '@opsflux/sdk'],
  '@opsflux/registry-repository': ['@opsflux/process', '@opsflux/process', '@opsflux/registry-client', '@opsflux/registry-metadata', '@opsflux/sdk'],
  '@opsflux/marketplace-server': ['@opsflux/process', '@opsflux/process', '@opsflux/registry-client', '@opsflux/sdk'],
}

export const pluginMayImport: readonly string[] = ['@opsflux/sdk', '@opsflux/ui']
