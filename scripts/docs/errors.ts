import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../setup/paths.mjs'
import { errorReference } from './error-reference.ts'

writeFileSync(join(rootFolder, 'docs', 'reference', 'errors.md'), errorReference())
