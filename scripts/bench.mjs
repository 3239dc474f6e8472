import { handOver } from './setup/hand-over.mjs'
import { prepareCheckout } from './setup/prepare.mjs'

await prepareCheckout()
process.exitCode = await handOver('tests/bench/main.ts')
