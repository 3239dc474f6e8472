import { runProcess } from '@opsflux/process'
import { readConfig } from './config.ts'
import { startHost } from './host.ts'

await runProcess('host', (log) => startHost(readConfig(process.env), { log }), ({ firstAdministrator }) => {
  if (!firstAdministrator) return
  // To whoever started us; by hand, on the terminal; never in the log.
  if (process.send) process.send({ type: 'first-admin', ...firstAdministrator })
  else process.stderr.write(`First administrator: ${firstAdministrator.email}  one-time password: ${firstAdministrator.password}\n`)
})
