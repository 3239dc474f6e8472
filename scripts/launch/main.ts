import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeLock } from '../setup/lock-file.mjs'
import { openHome } from './home.ts'
import { LaunchError } from './launch-error.ts'
import { stopEarlierProcesses } from './pid-file.ts'
import { Platform } from './platform.ts'
import { checkPorts } from './ports.ts'
import { Report } from './report.ts'
import { readSettings } from './settings.ts'
import { readPreparation, timingsOf, welcome } from './welcome.ts'

const rootFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const report = new Report((text) => process.stdout.write(text))
// A terminal that was closed is no reason to die before the processes are stopped.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const preparation = readPreparation(process.env)
  const settings = readSettings(process.env, rootFolder)
  const home = openHome(settings.home)
  const lock = takeLock(join(home.run, 'launcher.lock'))
  if ('heldBy' in lock) throw new LaunchError(`OpsFlux already runs on ${home.path} (process ${lock.heldBy.pid}, since ${lock.heldBy.since}). Stop it with Ctrl-C first, or set OPSFLUX_HOME and OPSFLUX_PORT to run a second one.`)
  process.on('exit', lock.release)
  const platform = new Platform({ rootFolder, settings, home, report })
  stopOnSignal(platform)
  try {
    for (const name of await stopEarlierProcesses(home.run, rootFolder)) report.notice(`Stopped the ${name} that an earlier start had left running`)
    await checkPorts(settings, platform.ports)
    const url = await platform.start()
    await fetch(`${url}/health/ready`).then((response) => response.arrayBuffer())
    const timings = timingsOf(preparation, report.timings, platform.isNew)
    welcome(report, { url, home, readyMs: timings.readyMs, administrator: platform.firstAdministrator })
    if (process.argv.includes('--timing')) report.line(JSON.stringify(timings))
  } catch (error) {
    // What breaks because it is being stopped is no news.
    if (!platform.isStopping) {
      await platform.stop()
      throw error
    }
  }
} catch (error) {
  process.stderr.write(`\n${messageOf(error)}\n`)
  process.exit(1)
}

/** The first request stops in order, one that comes later on purpose at once. */
function stopOnSignal(platform: Platform): void {
  let since: number | undefined
  const stop = (): void => {
    // npm hands on the Ctrl-C that the terminal has sent already: the same wish twice.
    if (since !== undefined && Date.now() - since < 500) return
    if (since !== undefined) {
      platform.kill()
      process.exit(1)
    }
    since = Date.now()
    report.line('\n  Stopping (once more to stop at once)')
    platform.stop().then(() => {
      report.line(`  ✓ Stopped in ${((Date.now() - (since ?? 0)) / 1000).toFixed(1)} s`)
      process.exit(0)
    }, (error: unknown) => {
      process.stderr.write(`\n${messageOf(error)}\n`)
      platform.kill()
      process.exit(1)
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  process.on('disconnect', stop)
}

function messageOf(error: unknown): string {
  if (error instanceof LaunchError) return error.message
  return error instanceof Error ? error.stack ?? error.message : String(error)
}
