import pino from 'pino'
import { isOpsFluxError } from '@opsflux/sdk'
import { readConfig } from './config.ts'
import { startHost } from './host.ts'

const log = pino({ base: { process: 'host' }, redact: ['password', '*.password', 'req.headers.cookie'] })

try {
  const host = await startHost(readConfig(process.env), { log })
  log.info({ url: host.url }, 'serving')
  if (host.firstAdministrator) tell({ type: 'first-admin', ...host.firstAdministrator }, `First administrator: ${host.firstAdministrator.email}  one-time password: ${host.firstAdministrator.password}\n`)
  tell({ type: 'ready', url: host.url })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    host.stop().then(() => process.exit(0), (error: unknown) => {
      log.error({ err: error }, 'did not stop cleanly')
      process.exit(1)
    })
  }
  process.on('SIGTERM', stop).on('SIGINT', stop).on('disconnect', stop)
} catch (error) {
  log.fatal({ err: error }, isOpsFluxError(error) ? error.message : 'the host did not start')
  process.exitCode = 1
}

/** To the process that started us; by hand, on the terminal and never in the log. */
function tell(message: object, byHand = ''): void {
  if (process.send) process.send(message)
  else process.stderr.write(byHand)
}
