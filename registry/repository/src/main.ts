import { runProcess } from '@opsflux/process'
import { readConfig } from './config.ts'
import { startRegistry } from './server.ts'

await runProcess('registry', (log) => startRegistry({ ...readConfig(process.env), log }))
