import { readFile } from 'node:fs/promises'
import { runProcess } from '@opsflux/process'
import { OpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startMarketplace } from './server.ts'

await runProcess('marketplace', async (log) => {
  const { registryRoot, ...config } = readConfig(process.env)
  const root = await readFile(registryRoot).catch((cause: unknown) => {
    throw new OpsFluxError('not-ready', 'The pinned root.json of the registry cannot be read. Check OPSFLUX_REGISTRY_ROOT.', { cause })
  })
  return startMarketplace({ ...config, root, log })
})
