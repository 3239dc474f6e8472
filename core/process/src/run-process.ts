import pino, { type Logger } from 'pino'
import { isOpsFluxError } from '@opsflux/sdk'

export interface RunningProcess {
  url: string
  stop(): Promise<void>
}

// Paths of log entries that may hold what is secret.
const redact = ['password', '*.password', 'req.headers.cookie']

/**
 * The life of a server process: starts, tells `{ type: 'ready', url }` to the process that started it, stops in order on
 * SIGTERM, SIGINT and the parent's end, and exits with 1 when it cannot start.
 * @param announce called when it serves, before `ready`
 */
export async function runProcess<R extends RunningProcess>(name: string, start: (log: Logger) => Promise<R>, announce?: (running: R) => void): Promise<void> {
  const log = pino({ base: { process: name }, redact })
  try {
    const starting = start(log)
    let isStopping = false
    const stop = (): void => {
      if (isStopping) return
      isStopping = true
      starting.then((running) => running.stop()).then(() => process.exit(0), (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly')
        process.exit(1)
      })
    }
    // Before `ready` is said: whoever hears it may end this process at once.
    process.on('SIGTERM', stop).on('SIGINT', stop).on('disconnect', stop)
    const running = await starting
    log.info({ url: running.url }, 'serving')
    if (isStopping) return
    announce?.(running)
    process.send?.({ type: 'ready', url: running.url })
  } catch (error) {
    log.fatal({ err: error }, isOpsFluxError(error) ? error.message : `the ${name} did not start`)
    process.exit(1)
  }
}
