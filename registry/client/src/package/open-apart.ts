import { isOpsFluxError } from '@opsflux/sdk'
import { openPackage } from './open-package.ts'
import { temporaryFolder, zip, tar, entriesOf } from './testing.ts'

// The process that the tests of memory and time start: opens the package at the path given and says what it took.
// A small package is opened first, so that what any opening loads is not counted.
await using folder = await temporaryFolder()
await openPackage(await folder.save('small.tgz', zip(tar(entriesOf()))))
const peakMb = (): number => process.resourceUsage().maxRSS / 1024
const before = peakMb()
const start = performance.now()
const outcome = await openPackage(process.argv[2] ?? '').then(() => 'opened', (error: unknown) => (isOpsFluxError(error) ? String(error.data.reason) : String(error)))
const ms = performance.now() - start
process.stdout.write(JSON.stringify({ outcome, ms: Math.round(ms), megabytes: Math.round(peakMb() - before) }))
