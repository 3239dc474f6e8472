import { complainAboutNode } from './setup/node-version.mjs'

const complaint = complainAboutNode(process.versions.node)
if (complaint) {
  console.error(complaint)
  process.exit(1)
}
// Loaded only now: what follows does not even parse on a Node that is too old.
const { handOver } = await import('./setup/hand-over.mjs')
const { prepareCheckout } = await import('./setup/prepare.mjs')
try {
  const timings = await prepareCheckout()
  process.exitCode = await handOver('scripts/launch/main.ts', { OPSFLUX_LAUNCH: JSON.stringify({ startedAt: performance.timeOrigin, ...timings }) })
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
