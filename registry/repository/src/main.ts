import pino from 'pino'
import { isOpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startRegistry } from './server.ts'

const log = pino({ base: { process: 'registry' } })

try {
  const starting = startRegistry({ ...readConfig(process.env), log })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    starting.then((registry) => registry.stop()).then(() => process.exit(0), (error: unknown) => {
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
  log.fatal({ err: error }, isOpsFluxError(error) ? error.message : 'the registry did not start')
  process.exit(1)
}
