import { complainAboutNode } from './setup/node-version.mjs'

const complaint = complainAboutNode(process.versions.node)
if (complaint) {
  console.error(complaint)
  process.exit(1)
}
// Loaded only now: what follows does not even parse on a Node that is too old.
const { prepareCheckout } = await import('./setup/prepare.mjs')
const { testEverything } = await import('./test/test-everything.mjs')
try {
  await prepareCheckout()
  process.exitCode = await testEverything(process.argv.slice(2))
} catch (error) {
  // In the output, not beside it: the last line of a run is its result.
  console.log(`\n${error instanceof Error ? error.message : String(error)}\n\n0 passed, 1 failed`)
  process.exitCode = 1
}
