import { readFile } from 'node:fs/promises'
import pino from 'pino'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startMarketplace, type Marketplace } from './server.ts'

const log = pino({ base: { process: 'marketplace' } })

try {
  const starting = start()
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    starting.then((marketplace) => marketplace.stop()).then(() => process.exit(0), (error: unknown) => {
      log.error({ err: error }, 'did not stop cleanly')
      process.exit(1)
    })
  }
  // Before `ready` is said: whoever hears it may end this process at once.
  process.on('SIGTERM', stop).on('SIGINT', stop).on('disconnect', stop)
  const { url } = await starting
  log.info({ url }, 'serving')
  if (!isStopping) process.send?.({ type: 'ready', url })
} catch (error) {
  log.fatal({ err: error }, isOpsFluxError(error) ? error.message : 'the marketplace did not start')
  process.exit(1)
}

async function start(): Promise<Marketplace> {
  const { registryRoot, ...config } = readConfig(process.env)
  const root = await readFile(registryRoot).catch((cause: unknown) => {
    throw new OpsFluxError('not-ready', 'The pinned root.json of the registry cannot be read. Check OPSFLUX_REGISTRY_ROOT.', { cause })
  })
  return startMarketplace({ ...config, root, log })
}
