import pino from 'pino'
import { isOpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startRegistry } from './server.ts'

const log = pino({ base: { process: 'registry' } })

try {
  const registry = await startRegistry({ ...readConfig(process.env), log })
  log.info({ url: registry.url }, 'serving')
  process.send?.({ type: 'ready', url: registry.url })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    registry.stop().then(() => process.exit(0), (error: unknown) => {
      log.error({ err: error }, 'did not stop cleanly')
      process.exit(1)
    })
  }
  process.on('SIGTERM', stop).on('SIGINT', stop).on('disconnect', stop)
} catch (error) {
  log.fatal({ err: error }, isOpsFluxError(error) ? error.message : 'the registry did not start')
  process.exit(1)
}
