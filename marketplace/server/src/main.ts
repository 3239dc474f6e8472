import { readFile } from 'node:fs/promises'
import pino from 'pino'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startMarketplace } from './server.ts'

const log = pino({ base: { process: 'marketplace' } })

try {
  const { registryRoot, ...config } = readConfig(process.env)
  const root = await readFile(registryRoot).catch((cause: unknown) => {
    throw new OpsFluxError('not-ready', 'The pinned root.json of the registry cannot be read. Check OPSFLUX_REGISTRY_ROOT.', { cause })
  })
  const marketplace = await startMarketplace({ ...config, root, log })
  log.info({ url: marketplace.url }, 'serving')
  process.send?.({ type: 'ready', url: marketplace.url })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    marketplace.stop().then(() => process.exit(0), (error: unknown) => {
      log.error({ err: error }, 'did not stop cleanly')
      process.exit(1)
    })
  }
  process.on('SIGTERM', stop).on('SIGINT', stop).on('disconnect', stop)
} catch (error) {
  log.fatal({ err: error }, isOpsFluxError(error) ? error.message : 'the marketplace did not start')
  process.exit(1)
}
